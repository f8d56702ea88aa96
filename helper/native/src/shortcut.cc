#include "shortcut.h"

#include "failure.h"

namespace adit {
namespace {

// SO_REUSEPORT and not SO_REUSEADDR: only processes of our own user can join in. It is taken back at once, so that a
// port that is in use stays an error for everybody else.
bool share(int descriptor, int value) {
  return ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &value, sizeof value) == 0;
}

}  // namespace

Shortcut::Shortcut(const UdpSpec& spec, const UdpSocket& first) {
  if (spec.bare || !share(first.descriptor.get(), 1)) return;
  UdpSpec beside = spec;
  beside.port = first.port;
  beside.shared = true;
  try {
    socket_ = UdpSocket::open(beside);
    share(socket_->descriptor.get(), 0);
  } catch (const SystemFailure&) {
    socket_.reset();
  }
  share(first.descriptor.get(), 0);
}

void Shortcut::lead(const SocketAddress& peer) const {
  if (!socket_) return;
  const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
  ::connect(socket_->descriptor.get(), &nobody, sizeof nobody);  // or it would keep its own address, too
  ::connect(socket_->descriptor.get(), peer.get(), peer.length);
}

// One that is missing on either side is no loss: the first socket takes everything.
void Shortcut::become(Shortcut other) {
  if (socket_ && other.socket_) socket_->become(std::move(*other.socket_));
}

}  // namespace adit
