# Build: docker build -t rosterdrop .
# Run:   docker run -p 2222:2222 -v rosterdrop:/home/rosterdrop/home rosterdrop
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements.lock ./
RUN python3 -m venv /opt/rosterdrop \
 && /opt/rosterdrop/bin/python -m pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
RUN /opt/rosterdrop/bin/python -m pip install --no-cache-dir --no-build-isolation --no-deps .

FROM ${BASE}
# A new volume takes over owner and mode of the folder that it is mounted on.
RUN useradd --create-home --uid 10001 rosterdrop \
 && install -d -o rosterdrop -g rosterdrop -m 700 /home/rosterdrop/home
COPY --from=build /opt/rosterdrop /opt/rosterdrop
USER rosterdrop
ENV PATH=/opt/rosterdrop/bin:$PATH ROSTERDROP_HOME=/home/rosterdrop/home
VOLUME /home/rosterdrop/home
EXPOSE 2222
HEALTHCHECK --interval=30s --timeout=10s CMD ["rosterdrop", "--quiet", "status", "--serving"]
CMD ["sh", "-c", "rosterdrop init \"$ROSTERDROP_HOME\" && exec rosterdrop serve --host 0.0.0.0"]
