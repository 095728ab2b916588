"""Figures for Prometheus, read with a real GET."""

import asyncio
import os
import signal
import socket
import urllib.error
import urllib.request
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.settings import Metrics
from sftp_gateway import PortTaken
from tests.sftp_gateway.harness import Site, refused, site_at, story
from tests.sftp_gateway.test_processes import pid_of, process_behind, site_of


def measured(root: Path, **server: int) -> Site:
    site = site_at(root, server=server)
    site.settings = replace(site.settings, metrics=Metrics(port=0))
    site.gateway = site._new_gateway()
    return site


async def page(site: Site) -> str:
    def get() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{site.gateway.metrics_port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    return await asyncio.to_thread(get)


async def figures(site: Site) -> dict[str, float]:
    families = text_string_to_metric_families(await page(site))
    return {
        " ".join(
            (sample.name.removeprefix("rosterdrop_"), *(f"{k}={v}" for k, v in sample.labels.items()))
        ): sample.value
        for family in families
        for sample in family.samples
    }


async def until(site: Site, figure: str, value: float) -> dict[str, float]:
    async with asyncio.timeout(45):
        while (found := await figures(site)).get(figure) != value:  # noqa: ASYNC110 - what happens, happens in the gateway
            await asyncio.sleep(0.1)  # a GET is answered by another thread
    return found


def test_a_night_is_counted(tmp_path: Path) -> None:
    async def night() -> None:
        site = measured(tmp_path)
        await site.gateway.start()
        try:
            with pytest.raises(asyncssh.PermissionDenied):
                await site.connection(
                    "Xanthippe", password=None, client_keys=[asyncssh.generate_private_key("ssh-ed25519")]
                )
            await site.puts(users=b"12345", classes=b"c", enrollments=b"e")
            await until(site, "batches_total", 1)
            async with site.sftp("office") as office:
                async with office.open("classes.csv", "rb") as file:
                    await file.read()
                await refused(office.mkdir("x"))
                async with office.open("guardians.csv", "wb") as guardians:
                    await guardians.write(b"four")
                    now = await until(site, "uploads_open", 1)
                    assert (now["sessions_open"], now["handles_open"]) == (1, 1)
                    assert now["connections_open logged_in=yes"] == 1
                    site.gateway._front._server.cut()
                    await until(site, "uploads_total result=interrupted", 1)
                    guardians._handle = None
            now = await until(site, "sessions_open", 0)
            assert now["uploads_total result=finished"] == 3
            assert now["upload_bytes_total result=finished"] == 7
            assert now["upload_bytes_total result=interrupted"] == 4
            assert (now["downloads_total"], now["download_bytes_total"]) == (1, 1)
            assert now["logins_total method=password outcome=accepted"] == 2
            assert now["logins_total method=key outcome=failed"] == 1
            assert now["refusals_total request=mkdir"] == 1
            assert now["connections_total"] == 3
            assert now["processes"] == 1
            assert 0 <= now["seconds_since_look district=springfield drop=main"] < 45
            assert "Xanthippe" not in await page(site)
        finally:
            await site.gateway.stop(grace_s=0.0)
        with pytest.raises(urllib.error.URLError):
            await page(site)

    story(night())


def test_what_other_processes_do_is_counted_too(tmp_path: Path) -> None:
    async def night() -> None:
        site = site_of(tmp_path, 2)
        site.settings = replace(site.settings, metrics=Metrics(port=0))
        site.gateway = site._new_gateway()
        await site.gateway.start()
        try:
            await until(site, "processes", 2)
            async with AsyncExitStack() as stack:
                served: list[int] = []
                while set(served) != {0, 1}:  # the kernel chooses
                    connection = await stack.enter_async_context(site.connection("acme"))
                    client = await stack.enter_async_context(connection.start_sftp_client())
                    served.append(process_behind(site, connection))
                    async with client.open(f"{len(served)}.csv", "wb") as file:
                        await file.write(b"12345")
                await until(site, "uploads_total result=finished", len(served))
                await until(site, "upload_bytes_total result=finished", 5 * len(served))
                await until(site, "logins_total method=password outcome=accepted", len(served))
                await until(site, "sessions_open", len(served))
                os.kill(pid_of(site, 1), signal.SIGKILL)
                await until(site, "sessions_open", served.count(0))
        finally:
            await site.gateway.stop(grace_s=0.0)

    story(night())


def test_only_this_machine_is_answered(tmp_path: Path) -> None:
    async def visit() -> None:
        site = measured(tmp_path)
        await site.gateway.start()
        try:
            assert site.gateway._metrics._server is not None
            assert site.gateway._metrics._server.server_address[0] == "127.0.0.1"
        finally:
            await site.gateway.stop(grace_s=0.0)
        assert site_at(tmp_path / "another").gateway.metrics_port is None

    story(visit())


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    async def visit() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            site = measured(tmp_path)
            site.settings = replace(site.settings, metrics=Metrics(port=taken.getsockname()[1]))
            site.gateway = site._new_gateway()
            with pytest.raises(PortTaken, match=r"metrics\.port"):
                await site.gateway.start()

    story(visit())
