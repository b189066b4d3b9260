"""CRC-32C, the checksum of the files of a version."""

POLYNOMIAL = 0x82F63B78


def table():
    entries = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return entries


TABLE = table()


def crc32c(data):
    """The CRC-32C of bytes. The one of b"123456789" is 0xE3069283."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
