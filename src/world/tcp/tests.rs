//! The rules of a connection that no scenario reaches.

use super::super::listener::Listener;
use super::*;

/// What waits in the outbox.
fn sent(outbox: &Outbox) -> Vec<Packet> {
    let mut packets = Vec::new();
    outbox.take(&mut Vec::new(), |packet| packets.push(packet));
    packets
}

#[test]
fn a_fin_behind_lost_data_is_sent_though_there_is_no_room() {
    let outbox: Arc<Outbox> = Arc::default();
    let listener = Listener::new();
    let id = ConnId {
        client: 0,
        number: 0,
    };
    let (queue, out) = (listener.queue(), Arc::downgrade(&outbox));
    let connection = Connection::request(id, ProviderId(0), queue, out);
    for _ in 0..3 {
        sent(&outbox).into_iter().for_each(Packet::deliver);
    }
    let cx = Context::from_waker(std::task::Waker::noop());
    while connection
        .poll_write(Side::Client, &cx, &[7; 1_000])
        .is_ready()
    {
        for lost in sent(&outbox) {
            assert!(matches!(lost.segment, Segment::Data(_)));
            connection.lose_data(Side::Client);
        }
    }
    assert!(connection.is_broken());
    connection.close(Side::Client);
    let last = sent(&outbox);
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].segment, Segment::Fin);
}
