"""Shards: equal parts of all tenants, for runs that share the work between them."""

import dataclasses
import zlib


@dataclasses.dataclass(frozen=True, slots=True)
class Shard:
    """Shard *index* (from 0) of *count*; every machine assigns a tenant to the same shard.

    Raises ValueError when there is no such shard.
    """

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise ValueError(f"there is no shard {self.index} of {self.count}: shards are counted from 0")

    @property
    def covers_all_tenants(self) -> bool:
        return self.count == 1

    def owns(self, tenant_id: str) -> bool:
        return self.count == 1 or zlib.crc32(tenant_id.encode()) % self.count == self.index


ALL_TENANTS = Shard()
