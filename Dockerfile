# The image of geoapp: web assets from one stage, Python packages and the wheel from another, and only what runs.

FROM node:22.21.1-bookworm-slim AS assets
WORKDIR /build/assets
COPY assets/package.json assets/package-lock.json assets/.npmrc ./
RUN npm ci --ignore-scripts
COPY assets/build.mjs ./
COPY assets/src src/
RUN node build.mjs

FROM python:3.11.14-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/geoapp
WORKDIR /build
COPY requirements.txt ./
# Wheels alone: nothing is compiled, and nothing runs at installation.
RUN /opt/geoapp/bin/pip install --require-hashes --only-binary :all: -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY data/boundaries data/boundaries/
COPY templates templates/
COPY layers layers/
COPY geoapp geoapp/
COPY --from=assets /build/geoapp/web/static geoapp/web/static/
RUN /opt/geoapp/bin/python -m hatchling build --target wheel --directory dist \
    && /opt/geoapp/bin/pip install --no-deps --no-index dist/geoapp-*.whl

FROM python:3.11.14-slim-bookworm
# What sets papers as PDF, and their letters.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
        fonts-dejavu-core fonts-dejavu-extra \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 geoapp \
    && useradd --uid 10001 --gid geoapp --home-dir /var/lib/geoapp --no-create-home --shell /usr/sbin/nologin geoapp \
    && install --directory --owner geoapp --group geoapp --mode 0750 /var/lib/geoapp
COPY --from=packages /opt/geoapp /opt/geoapp
COPY docker/geoapp-entrypoint docker/geoapp-ready /usr/local/bin/
ENV PATH=/opt/geoapp/bin:$PATH PYTHONUNBUFFERED=1 GEOAPP_HOME=/var/lib/geoapp
USER 10001:10001
WORKDIR /var/lib/geoapp
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["geoapp-ready"]
ENTRYPOINT ["geoapp-entrypoint"]
# Inside a container every other container of its networks is "outside", so the loopback address would not do.
CMD ["geoapp", "run", "--host", "0.0.0.0"]
