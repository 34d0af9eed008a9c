import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["app/web/static/dist/**", ".venv/**", ".minglu/**"] },
  js.configs.recommended,
  {
    files: ["app/web/client/**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json" } },
    rules: { "no-eval": "error", "no-implied-eval": "error", "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }] },
  },
  { files: ["*.mjs"], languageOptions: { globals: { console: "readonly", process: "readonly", performance: "readonly" } } },
);
