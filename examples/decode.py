"""Decodes security messages of schema 3.0 as protobuf: one line of JSON a file.

    protoc --python_out=. -I schema schema/message-3.0.proto
    PYTHONPATH=. python3 examples/decode.py message.bin ...
"""
import importlib, ipaddress, json, sys, uuid

schema = importlib.import_module("message_3.0_pb2")
PROTOCOLS, INITIATORS = ["TCP", "UDP", "ICMP"], ["unknown", "local", "remote"]
OUTCOMES = ["undecided", "established", "refused", "unanswered", "reset"]


def pieces(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def flows(table, family, time):
    size = 4 if family == 4 else 16
    address = lambda data: str(ipaddress.ip_address(bytes(data)))
    local = [address(data) for data in pieces(table.local_addresses, size)]
    # A column that was left out is zeros.
    column = lambda values: iter(values) if len(values) else iter(lambda: 0, 1)
    remote, ports = iter(pieces(table.remote_addresses, size)), column(table.service_ports)
    clients = column([int.from_bytes(port, "big") for port in pieces(table.client_ports, 2)])
    last_seen, duration = column(table.last_seen), column(table.duration)
    packets_in, packets_out = column(table.packets_in), column(table.packets_out)
    bytes_in, bytes_out = column(table.bytes_in), column(table.bytes_out)
    service = 0
    pairs = zip(table.classes[0::2], table.classes[1::2])
    for bits in (bits for bits, count in pairs for _ in range(count)):
        protocol, initiator, rest = bits & 3, bits >> 2 & 3, bits >> 9 & 1
        here = there = address(bytes(size))
        local_port = remote_port = 0
        if not rest:
            here, there = local[bits >> 26], address(next(remote))
            if protocol < 2:
                service += next(ports)
                local_port, remote_port = next(clients), service
                if initiator == 2:
                    local_port, remote_port = remote_port, local_port
        last = time - next(last_seen)
        received, sent = bits >> 7 & 1, bits >> 8 & 1
        flow = dict(family=family, protocol=PROTOCOLS[protocol], localAddress=here, localPort=local_port,
                    remoteAddress=there, remotePort=remote_port,
                    bytesIn=next(bytes_in) if received else 0, bytesOut=next(bytes_out) if sent else 0,
                    packetsIn=next(packets_in) if received else 0, packetsOut=next(packets_out) if sent else 0,
                    firstSeen=(last - next(duration)) / 10, lastSeen=last / 10,
                    initiator=INITIATORS[initiator], outcome=OUTCOMES[bits >> 4 & 7])
        yield flow | (dict(tcpFlagsOut=bits >> 10 & 255, tcpFlagsIn=bits >> 18 & 255) if protocol == 0 else {})


for file in sys.argv[1:]:
    message, events = schema.Message.FromString(open(file, "rb").read()), []
    for number, event in enumerate(message.events):
        event_id = int.from_bytes(message.boot_id, "big") ^ (message.sequence << 8 | number)
        time, kind = message.time + event.time, event.WhichOneof("payload")
        activity = event.network_activity
        events.append(dict(id=str(uuid.UUID(int=event_id)), time=time / 10, kind=kind,
                           flows=[*flows(activity.ipv4, 4, time), *flows(activity.ipv6, 6, time)]))
    print(json.dumps(dict(bootId=str(uuid.UUID(bytes=message.boot_id)), sequence=message.sequence, events=events)))
