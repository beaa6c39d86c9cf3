"""The server under many clients at once, and its end."""

import socket
import threading

from billingportal.sandbox.http.server import Sandbox as Server
from billingportal.sandbox.state.store import first_world
from tests.support.stripe.sandbox import Sandbox, SandboxAccount, SandboxClient


def test_clients_at_once_do_not_disturb_each_other(sandbox: Sandbox, account: SandboxAccount) -> None:
    def make(start: int) -> None:
        client = sandbox.client(account.test_key)
        for number in range(start, start + 20):
            client.v1.products.create(params={"name": f"Product {number}"})

    threads = [threading.Thread(target=make, args=(20 * worker,)) for worker in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client = sandbox.client(account.test_key)
    names = {product.name for product in client.v1.products.list(params={"limit": 100}).data}
    assert names == {f"Product {number}" for number in range(100)}
    assert len(client.v1.events.list(params={"limit": 100}).data) == 100


def test_the_end_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with Sandbox.start() as sandbox:
        sandbox.client(sandbox.account().test_key).v1.balance.retrieve()
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) == before


def test_it_serves_on_a_socket_that_was_handed_over() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = Server(first_world(), "", 0, listening.detach())
    server.start()
    try:
        assert server.url == f"http://127.0.0.1:{port}"
        assert SandboxClient(server.url).account().id.startswith("acct_")
    finally:
        server.close()
