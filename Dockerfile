# One image for every part; which one it is, the command says: `serve office`, `serve public`, `work`, `db prepare`.

FROM node:20-bookworm-slim AS browser
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig*.json *.mjs ./
COPY app/web ./app/web
RUN npm run build

FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
COPY requirements.lock .ci/uv.txt ./
RUN python -m venv /opt/minglu \
    && /opt/minglu/bin/pip install --no-cache-dir --require-hashes -r uv.txt \
    && VIRTUAL_ENV=/opt/minglu /opt/minglu/bin/uv pip install --no-cache --compile-bytecode --require-hashes -r requirements.lock \
    && /opt/minglu/bin/pip uninstall -y uv
COPY app/web ./app/web

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/minglu/bin:$PATH PYTHONPATH=/srv/minglu PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/minglu
COPY --from=packages /opt/minglu /opt/minglu
COPY . .
COPY --from=packages /build/app/web ./app/web
COPY --from=browser /build/app/web/static/dist ./app/web/static/dist
RUN python -m compileall -q app gis signs migrations \
    && printf '#!/bin/sh\nexec python -m app "$@"\n' >/usr/local/bin/minglu && chmod 755 /usr/local/bin/minglu \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin minglu \
    && install -d -o minglu -g minglu -m 700 /var/lib/minglu /var/lib/minglu/files /secrets/all /secrets/staff /secrets/public
USER minglu
ENTRYPOINT ["minglu"]
