"""The connections of one attacking process."""

import select
import time
from collections import Counter

from bench.siege_attacks.frames import parsed
from bench.siege_attacks.processes.limits_of_processes import allow_descriptors, descriptors_allowed
from bench.siege_attacks.processes.peer import Peer
from bench.support.client import kindred

SOURCES = [f"127.0.0.{last}" for last in range(2, 18)]  # each source address has its own ports
DESCRIPTORS_BESIDE = 100  # descriptors of an attacker beside its peers'
OPENED_PER_TURN = 40
REPLACED_PER_SECOND = 100
TURN_SECONDS = 0.02
WAKE_SECONDS = 1.0


class Swarm:
    """`count` peers, each with a plan. When the server ends one, another takes its place, some of them after a second.

    It is pickled to reach an attacker, so it holds plain data until `run`. `plans` is a Plans; `number` distinguishes
    the swarms.
    """

    def __init__(self, address, count, plans, number, reads=False, replaces=True):
        self.address, self.count, self.plans, self.number = address, count, plans, number
        self.reads, self.replaces = reads, replaces

    def run(self, told_to_stop):
        """Attacks until it is told to stop, then closes everything. Returns the counted events."""
        allow_descriptors(descriptors_allowed(self.count + DESCRIPTORS_BESIDE))
        self.epoll, self.peers, self.counts = select.epoll(), {}, Counter()
        self.opened = 0
        target, address = self.count, parsed(self.address)
        start = woken = time.monotonic()
        try:
            while not told_to_stop():
                allowed = self.count + (REPLACED_PER_SECOND * (time.monotonic() - start) if self.replaces else 0)
                for _ in range(OPENED_PER_TURN):
                    if len(self.peers) >= target or self.opened >= allowed:
                        break
                    self.open(address)
                self.turn()
                if time.monotonic() - woken >= WAKE_SECONDS:
                    woken = time.monotonic()
                    for peer in list(self.peers.values()):
                        self.after(peer, peer.wake)
            self.counts["connections at the end"] = sum(peer.greeted for peer in self.peers.values())
        finally:
            for peer in self.peers.values():
                self.tally(peer)
                peer.close()
            self.epoll.close()
        return self.counts

    def open(self, address):
        number, self.opened = self.opened, self.opened + 1
        try:
            peer = Peer(address, SOURCES[number % len(SOURCES)], None, self.reads)
        except OSError as error:
            self.counts[f"connect: {error.strerror}"] += 1
            return
        peer.plan = self.plans.plan(peer, number)
        self.peers[peer.number] = peer
        peer.registered = peer.interest()
        self.epoll.register(peer.number, peer.registered)

    def turn(self):
        for number, events in self.epoll.poll(TURN_SECONDS, 512):
            peer = self.peers.get(number)
            if peer is None:
                continue
            if events & (select.EPOLLERR | select.EPOLLHUP):
                self.drop(peer)
            elif events & select.EPOLLIN:
                self.after(peer, self.take, peer)
            elif events & select.EPOLLRDHUP:
                self.drop(peer)
            elif events & select.EPOLLOUT:
                self.after(peer, peer.push)

    def take(self, peer):
        for status in peer.pull():
            self.counts[f"answers {kindred.statuses.status_name(status)}"] += 1
        peer.wake()
        if peer.out:
            peer.push()

    def after(self, peer, action, *arguments):
        """Calls a method of a peer, and registers the events that the peer waits for then."""
        try:
            action(*arguments)
        except (OSError, EOFError):
            self.drop(peer)
            return
        wanted = peer.interest()
        if wanted != peer.registered:
            peer.registered = wanted
            self.epoll.modify(peer.number, wanted)

    def drop(self, peer):
        del self.peers[peer.number]
        self.counts["ended by the server" if peer.greeted else "refused or lost"] += 1
        self.tally(peer)
        peer.close()

    def tally(self, peer):
        self.counts["requests"] += peer.asked
        self.counts["MiB sent"] += peer.sent_bytes / (1 << 20)
