# One image for every process: `hemline backend`, `hemline worker`, `hemline beat`, `hemline migrate`.
# The Debian that the tests run on, the same locks as the checkout; no compiler, no root.
ARG BASE=debian:12-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/hemline
ENV PATH=/opt/hemline/bin:$PATH UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /src
# The packages change seldom and the code often: a change of code rebuilds the last layer only.
COPY requirements-tools.lock requirements-image.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-tools.lock \
    && uv pip install --python /opt/hemline/bin/python --require-hashes -r requirements-image.lock
COPY . .
RUN uv pip install --python /opt/hemline/bin/python --no-build-isolation --no-deps .

FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /var/lib/hemline hemline
COPY --from=build /opt/hemline /opt/hemline
ENV PATH=/opt/hemline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HEMLINE_HOME=/var/lib/hemline \
    HOST=0.0.0.0 \
    PORT=9090
USER 10001
WORKDIR /var/lib/hemline
VOLUME /var/lib/hemline
EXPOSE 9090
# For the backend. docker-compose.yml gives the other processes a check of their own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=4)"]
ENTRYPOINT ["hemline"]
CMD ["backend"]
