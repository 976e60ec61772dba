# gopluck alone: docker build -t gopluck . && docker run --rm -v "$PWD:/work" gopluck check gateway plugins/
FROM python:3.13-slim AS build
COPY . /src
RUN python3 -m venv /opt/gopluck && /opt/gopluck/bin/pip install --quiet --disable-pip-version-check /src

FROM python:3.13-slim
COPY --from=build /opt/gopluck /opt/gopluck
RUN useradd --create-home gopluck
USER gopluck
WORKDIR /work
ENTRYPOINT ["/opt/gopluck/bin/gopluck"]
CMD ["--help"]
