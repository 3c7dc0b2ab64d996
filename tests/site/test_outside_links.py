"""The list of addresses outside the site, and the program that checks it."""

import io

import outside_links
import pytest
import requests


def test_the_list_has_every_address_that_the_pages_lead_to(site):
    shown, listed = outside_links.in_pages(site), outside_links.listed()
    assert listed == sorted(set(listed))
    missing, superfluous = shown - set(listed), set(listed) - shown
    advice = "run: .venv/bin/python tests/site/outside_links.py --write"
    assert not missing | superfluous, advice


def test_every_address_is_encrypted():
    assert not [link for link in outside_links.listed() if link.startswith("http:")]


@pytest.mark.parametrize(("status", "result"), [(200, 0), (404, 1)])
def test_the_check_names_what_does_not_answer(monkeypatch, capsys, status, result):
    def reply(address, **options):
        response = requests.Response()
        response.status_code, response.raw = status, io.BytesIO()
        return response

    monkeypatch.setattr(requests, "get", reply)
    monkeypatch.setattr(outside_links, "listed", lambda: ["https://example.org/a"])
    assert outside_links.main([]) == result
    told = capsys.readouterr().out
    assert ("status 404: https://example.org/a" in told) == bool(result)
    assert f"{1 - result} of 1 addresses answer." in told


def test_a_dead_line_is_reported_and_does_not_stop_the_check(monkeypatch):
    def refuse(address, **options):
        raise requests.ConnectionError("no route")

    monkeypatch.setattr(requests, "get", refuse)
    assert outside_links.answer("https://example.org/") == "ConnectionError"
