"""The sizes of a siege."""

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Scale:
    """Sizes and wanted values of a siege; the defaults are the full size."""

    frames_connections: int = 10_000 - 64  # the server's limit, less the bystander's and the operator's
    reply_peers: int = 400
    models: int = 2_000
    loads: int = 2_000_000
    basket_connections: int = 60
    requests_per_basket_connection: int = 17
    baskets_per_request: int = 1_000
    waiting_connections: int = 400  # more than there are descriptors
    container_frames: int = 124
    undisturbed_seconds: float = 10.0
    attack_seconds: float = 30.0
    loads_seconds: float = 90.0  # upper bound of the time for all MODEL_LOADs
    after_seconds: float = 10.0
    again_seconds: float = 3.0  # duration of the attack before SIGTERM
    operator_pause_seconds: float = 1.0
    p99_floor_ms: float = 10.0

    # Wanted values.
    p99_ratio_max: float = 5.0
    growth_mib_max: int = 512
    left_behind_mib_max: int = 64
    settle_seconds: float = 30.0
    activate_seconds_max: float = 2.0
    stop_seconds_max: float = 5.0

    # An attack that reaches this has failed and is stopped, to spare the machine.
    ceiling_mib: int = 2_048


FULL = Scale()
SMOKE = Scale(
    frames_connections=500, reply_peers=40, models=200, loads=20_000, basket_connections=10,
    requests_per_basket_connection=4, baskets_per_request=250, waiting_connections=100, undisturbed_seconds=1.0,
    attack_seconds=2.5, loads_seconds=2.5, after_seconds=0.7, again_seconds=0.5, operator_pause_seconds=0.3,
    p99_floor_ms=1_000.0, settle_seconds=20.0)
