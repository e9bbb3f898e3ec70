# Backend and runner: docker build --target backend . , docker build --target runner .
# Both are in compose.yaml; docs/scaling.md tells how to use it.

# What the backend serves to servers that become runners.
FROM python:3.13-slim-bookworm AS dist
WORKDIR /srv/deployr
COPY pyproject.toml README.md ./
COPY requirements/runner.txt requirements/
COPY tools/build-dist.sh tools/
COPY cli cli
COPY deployr deployr
COPY runner runner
RUN bash tools/build-dist.sh dist

FROM python:3.13-slim-bookworm AS backend
WORKDIR /srv/deployr
ENV HOST=0.0.0.0 PORT=8000 FLASK_APP=app PYTHONUNBUFFERED=1
COPY requirements.txt ./
COPY requirements/gunicorn.txt requirements/s3.txt requirements/
RUN pip install --no-cache-dir --require-hashes \
    -r requirements.txt -r requirements/gunicorn.txt -r requirements/s3.txt
COPY gunicorn.conf.py ./
COPY deployr deployr
COPY migrations migrations
COPY app app
COPY --from=dist /srv/deployr/dist dist
USER 10001
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/api/health')"]
CMD ["gunicorn"]

# It deploys to hosting accounts by SSH; what its builds need is to be added.
FROM python:3.13-slim-bookworm AS runner
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client rsync \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/deployr
ENV DEPLOYR_RUNNER_CONFIG=/var/lib/deployr/config DEPLOYR_RUNNER_STATE=/var/lib/deployr/state \
    HOME=/var/lib/deployr PYTHONUNBUFFERED=1
COPY requirements/runner.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/runner.txt \
    && install -d -o 10001 -m 700 /var/lib/deployr
COPY deployr deployr
COPY runner runner
USER 10001
ENTRYPOINT ["python", "-m", "runner"]
CMD ["run"]
