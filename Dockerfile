# svhn in a container. The folder that is mounted as /work holds data, configs and models:
#
#   docker build -t svhn .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" svhn train --config q2_1

FROM debian:bookworm AS build
WORKDIR /src
COPY . .
RUN scripts/setup.sh --with-packaging && scripts/package.sh deb

FROM debian:bookworm-slim
RUN --mount=type=bind,from=build,source=/src/build/packages,target=/packages \
    apt-get update \
    && apt-get install -y --no-install-recommends gnuplot-nox /packages/svhn_*.deb \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home svhn && install -d -o svhn -g svhn /work
USER svhn
WORKDIR /work
VOLUME /work
ENTRYPOINT ["svhn"]
CMD ["--help"]
