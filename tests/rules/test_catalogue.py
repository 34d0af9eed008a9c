"""The database as its own catalogue tells it: what is new fails here until it is covered."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Row, text

from app.base.settings import OFFICE, OWNER, PUBLIC, QUEUE, ROLES
from app.drift import model_differences
from tests.conftest import World
from tests.rules import allowed

#: Schemas that are ours; extensions live in public, where no role of ours may create anything.
OURS = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')"


def ask(world: World, sql: str, **values: object) -> list[Row]:
    with world.admin.connect() as connection:
        return list(connection.execute(text(sql), values))


def relations(world: World, kinds: str) -> list[Row]:
    return ask(
        world,
        "SELECT n.nspname || '.' || c.relname AS name, n.nspname AS schema, c.oid, c.relrowsecurity,"
        " c.relforcerowsecurity,"
        f" coalesce(c.reloptions, '{{}}') AS options, pg_get_userbyid(c.relowner) AS owner"
        f" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS}"
        " AND c.relkind = ANY (string_to_array(:kinds, NULL)) ORDER BY 1",
        kinds=kinds,
    )


def functions(world: World) -> list[Row]:
    return ask(
        world,
        "SELECT n.nspname || '.' || p.proname AS name, n.nspname AS schema, p.prosecdef AS definer,"
        " coalesce(p.proconfig, '{}') AS config, pg_get_userbyid(p.proowner) AS owner,"
        " coalesce(p.proacl::text, '{=X/}') AS acl,"
        + ", ".join(f"has_function_privilege('{role}', p.oid, 'EXECUTE') AS {role}" for role in (OFFICE, PUBLIC, QUEUE))
        + f" FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {OURS} ORDER BY 1",
    )


def columns(world: World) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in ask(
        world,
        "SELECT n.nspname || '.' || c.relname AS name, a.attname AS column,"
        " format_type(a.atttypid, a.atttypmod) AS type"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE {OURS} AND n.nspname <> 'queue' AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
    ):
        found.setdefault(row.name, {})[row.column] = row.type
    return found


def test_every_table_has_row_level_security_enabled_and_forced(shared_world: World):
    open_tables = [
        row.name for row in relations(shared_world, "rp") if not (row.relrowsecurity and row.relforcerowsecurity)
    ]
    assert open_tables == []


def test_every_table_belongs_to_the_owner_role(shared_world: World):
    assert {row.owner for row in relations(shared_world, "rpvmS")} == {OWNER}


def test_no_relation_is_of_a_kind_that_row_level_security_cannot_cover(shared_world: World):
    assert [row.name for row in relations(shared_world, "mf")] == []


def test_every_privilege_on_a_table_has_a_policy_that_asks_for_the_person(shared_world: World):
    """A grant without a policy shows nothing and is a mistake; a policy that asks nothing shows everything."""
    verbs = {"SELECT": "r", "INSERT": "a", "UPDATE": "w", "DELETE": "d"}
    policies = ask(
        shared_world,
        "SELECT polrelid, polcmd, polpermissive, polroles::regrole[]::text AS roles,"
        " coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '') AS rule"
        " FROM pg_policy",
    )
    faults: list[tuple[object, ...]] = []
    for table in relations(shared_world, "rp"):
        own = [policy for policy in policies if policy.polrelid == table.oid]
        if not any(policy.roles == f"{{{OWNER}}}" for policy in own):
            faults.append((table.name, "no policy for the owner"))
        for verb, letter in verbs.items():
            granted = ask(shared_world, f"SELECT has_table_privilege('{OFFICE}', {table.oid}, '{verb}') AS yes")[0].yes
            rules = [
                p.rule for p in own if p.polpermissive and p.polcmd in (letter, "*") and p.roles == f"{{{OFFICE}}}"
            ]
            if granted != bool(rules):
                faults.append((table.name, verb, "grant and policy differ"))
            faults += [(table.name, verb, rule) for rule in rules if not _asks(rule)]
        faults += [
            (table.name, "policy for", policy.roles)
            for policy in own
            if policy.roles not in {f"{{{OWNER}}}", f"{{{OFFICE}}}"} and table.schema != "queue"
        ]
    assert faults == []


def _asks(rule: str) -> bool:
    """Whether a policy's rule depends on who the person is, or on another table that depends on it."""
    return bool(re.search(r"base\.(reach|own|actor)\(", rule)) or 'FROM printing."order"' in rule


def test_only_the_staff_role_has_privileges_on_tables_and_only_plain_ones(shared_world: World):
    """TRUNCATE passes by row-level security, REFERENCES and TRIGGER tell of rows: nobody has them."""
    held = ask(
        shared_world,
        "SELECT c.oid::regclass::text AS name, coalesce(r.rolname, 'PUBLIC') AS role, x.privilege_type AS privilege"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) x"
        f" LEFT JOIN pg_roles r ON r.oid = x.grantee WHERE {OURS} AND c.relkind IN ('r', 'p')"
        f" AND x.grantee <> c.relowner",
    )
    strange = [
        tuple(row)
        for row in held
        if not (row.role == OFFICE or (row.role == QUEUE and row.name.startswith("queue.")))
        or row.privilege not in {"SELECT", "INSERT", "UPDATE", "DELETE"}
    ]
    assert strange == []


def test_every_view_asks_as_its_reader_or_is_argued(shared_world: World):
    found = {row.name: "security_invoker=true" in row.options for row in relations(shared_world, "v")}
    assert {name for name, invoker in found.items() if not invoker} == set(allowed.OWNERS_VIEWS)


def test_definer_functions_are_argued_and_fix_their_search_path(shared_world: World):
    definers = [row for row in functions(shared_world) if row.definer]
    assert {row.name for row in definers} == set(allowed.DEFINERS)
    for row in definers:
        paths = [setting for setting in row.config if setting.startswith("search_path=")]
        assert len(paths) == 1, row.name
        # Temporary objects come last, or anyone could put a table of their own in front of ours.
        assert paths[0].endswith(", pg_temp"), row.name
        assert row.owner == OWNER, row.name


def test_every_function_of_ours_fixes_its_search_path(shared_world: World):
    loose = [
        row.name
        for row in functions(shared_world)
        if row.schema != "queue" and not any(setting.startswith("search_path=") for setting in row.config)
    ]
    assert loose == []


def test_functions_ask_whether_the_person_still_works_here(shared_world: World):
    """``base.me()`` is only a setting; ``actor``, ``reach`` and ``own`` look whether the person is active."""
    rows = ask(
        shared_world,
        "SELECT n.nspname || '.' || p.proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        f" WHERE {OURS} AND p.prosrc LIKE '%base.me()%'",
    )
    assert {row.name for row in rows} == set(allowed.ASK_ANYBODY)
    rules = ask(shared_world, "SELECT pg_get_expr(polqual, polrelid) AS rule FROM pg_policy WHERE polpermissive")
    alone = [row.rule for row in rules if "base.me()" in (row.rule or "") and not _asks(row.rule)]
    assert alone == []


def test_no_function_can_be_called_by_just_anybody(shared_world: World):
    assert [row.name for row in functions(shared_world) if re.search(r"[{,]=", row.acl)] == []


def test_the_staff_role_calls_argued_definers_and_named_invokers_only(shared_world: World):
    callable_ = [row for row in functions(shared_world) if row.minglu_office]
    assert {row.name for row in callable_ if not row.definer} == allowed.INVOKERS_FOR_STAFF
    assert {row.schema for row in callable_} & {"queue", "open"} == set()


def test_the_public_role_has_its_views_and_functions_and_nothing_else(shared_world: World):
    readable = {
        row.name
        for row in relations(shared_world, "rpvmS")
        for verb in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
        if ask(shared_world, _privilege(row.oid, verb, row.name))[0].yes
    }
    assert readable == allowed.PUBLIC_VIEWS
    assert {row.name for row in functions(shared_world) if row.minglu_public} == allowed.PUBLIC_FUNCTIONS


def _privilege(oid: int, verb: str, name: str) -> str:
    sequence = name.endswith("_seq")
    if sequence:
        return f"SELECT has_sequence_privilege('{PUBLIC}', {oid}, 'USAGE, SELECT, UPDATE') AS yes"
    return (
        f"SELECT has_table_privilege('{PUBLIC}', {oid}, '{verb}') OR "
        + (f"has_any_column_privilege('{PUBLIC}', {oid}, '{verb}')" if verb in {"SELECT", "INSERT"} else "false")
        + " AS yes"
    )


def test_the_queues_role_has_its_schema_and_its_doors_and_nothing_else(shared_world: World):
    outside = [row for row in functions(shared_world) if row.schema != "queue" and row.minglu_queue]
    assert {row.name for row in outside} == allowed.QUEUE_FUNCTIONS


def test_nobody_but_the_owner_creates_anything(shared_world: World):
    rows = ask(
        shared_world,
        "SELECT n.nspname, r.role FROM pg_namespace n, unnest(:roles ::text[]) r(role) WHERE n.nspname !~ '^pg_'"
        " AND has_schema_privilege(r.role, n.oid, 'CREATE')",
        roles=[role for role in ROLES if role != OWNER],
    )
    assert rows == []


@pytest.mark.parametrize("role", [role for role in ROLES if role != OWNER])
def test_nothing_of_the_server_or_its_extensions_reads_or_writes_past_the_policies(shared_world: World, role: str):
    """PostGIS tells a table's extent with its owner's rights; whoever makes large objects writes where no policy is."""
    rows = ask(
        shared_world,
        "SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE has_function_privilege(:role, p.oid, 'EXECUTE') AND (n.nspname = 'public' AND p.prosecdef"
        "  OR n.nspname = 'pg_catalog' AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import'))",
        role=role,
    )
    assert [row.name for row in rows] == []


@pytest.mark.parametrize("role", ROLES)
def test_no_role_of_ours_passes_by_row_level_security(shared_world: World, role: str):
    row = ask(
        shared_world,
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,"
        " EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid) AS member"
        " FROM pg_roles r WHERE rolname = :role",
        role=role,
    )[0]
    assert not any(row)


def test_every_table_has_keys_and_moments_by_the_house_rules(shared_world: World):
    faults = []
    for name, held in columns(shared_world).items():
        if name in allowed.WITHOUT_UID:
            continue
        wanted = {"id": "bigint", "uid": "uuid", "recorded_at": "timestamp with time zone", "territory": "ltree"}
        wanted |= {"path": "ltree"} if name == "base.division" else {}
        wanted.pop("territory" if name == "base.division" else "path", None)
        faults += [(name, column) for column, kind in wanted.items() if held.get(column) != kind]
    assert faults == []


def test_every_fact_carries_the_day_it_became_true(shared_world: World):
    held = columns(shared_world)
    assert {name for name in held if not any(c.endswith("_on") for c in held[name])} == set(allowed.WITHOUT_DAY)
    wrong = [
        (name, column, kind)
        for name, found in held.items()
        for column, kind in found.items()
        if f"{name}.{column}" not in allowed.NOT_A_DAY
        if (column.endswith("_on") and kind != "date")
        or (column.endswith("_at") and kind != "timestamp with time zone")
        or (kind == "date" and not column.endswith("_on"))
        or kind in {"timestamp without time zone", "character varying", "integer", "smallint", "real"}
    ]
    assert [w for w in wrong if w[0] not in {"base.alembic_version", "history.block"}] == []


def test_every_editable_table_has_a_version_that_the_database_raises(shared_world: World):
    held = columns(shared_world)
    assert {name for name in held if "version" not in held[name]} == allowed.NEVER_EDITED
    triggers = {
        row.name
        for row in ask(
            shared_world,
            "SELECT n.nspname || '.' || c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.tgname = 'a_version'",
        )
    }
    assert triggers == {name for name in held if "version" in held[name]}


def test_every_protected_table_is_watched_by_the_history(shared_world: World):
    """What nobody but the owner or a definer function writes may go without; runs are progress, not facts."""
    rows = ask(
        shared_world,
        "SELECT n.nspname || '.' || c.relname AS name, count(t.oid) AS watched FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname IN ('h_insert', 'h_update', 'h_delete')"
        f" WHERE {OURS} AND n.nspname <> 'queue' AND c.relkind IN ('r', 'p') GROUP BY 1",
    )
    assert {row.name for row in rows if row.watched != 3} == {*allowed.WITHOUT_UID, "base.run"}


def test_state_columns_hold_exactly_what_the_enums_say(shared_world: World):
    found = {}
    for row in ask(
        shared_world,
        "SELECT n.nspname || '.' || c.relname AS name, pg_get_constraintdef(o.oid) AS rule FROM pg_constraint o"
        " JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE o.contype = 'c' AND n.nspname <> 'queue' AND {OURS}",
    ):
        listed = re.fullmatch(r"CHECK \(\((\w+) = ANY \(ARRAY\[(.*)\]\)\)\)", row.rule)
        if listed:
            found[f"{row.name}.{listed[1]}"] = set(re.findall(r"'([^']*)'::text", listed[2]))
    enums = {column: {member.value for member in enum} for column, enum in allowed.ENUMS.items()}
    assert found == {**enums, **allowed.LISTS}


def test_money_has_two_decimals_and_nothing_else_is_numeric(shared_world: World):
    money = re.compile(r"budget|cost|price|amount|fee$|_cny$")
    for name, held in columns(shared_world).items():
        for column, kind in held.items():
            assert bool(money.search(column)) == kind.startswith("numeric"), (name, column, kind)
            assert not kind.startswith("numeric") or kind == "numeric(14,2)", (name, column, kind)


def test_the_models_say_what_the_migrations_made(shared_world: World):
    assert model_differences(shared_world.settings) == []
