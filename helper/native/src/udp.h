// UDP sockets of a data plane, and what a datagram on one of them is: IKE, ESP or a keepalive (RFC 3948, RFC 7296
// §2.23).
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bytes.h"
#include "file_descriptor.h"

namespace adit {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  // Throws ArgumentError where `text` is no address of the family; `field` stands in the message.
  static SocketAddress parse(int family, const std::string& text, std::uint16_t port, const char* field);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  std::uint16_t port() const;
  std::string text() const;
};

struct UdpSpec {
  int family;  // AF_INET or AF_INET6
  std::string address;  // empty: any
  std::uint16_t port;
  std::optional<std::uint32_t> mark;
};

struct UdpSocket {
  FileDescriptor descriptor;
  int family;
  std::uint16_t port;  // the real one

  // Throws SystemFailure.
  static UdpSocket open(const UdpSpec& spec);
};

enum class DatagramKind { ike, esp, keepalive, runt };

struct Classified {
  DatagramKind kind;
  Octets bytes;  // IKE: without the marker
};

// Whether IKE between these ports travels without the non-ESP marker: where either end is 500. That is our own socket
// on 500, or a client's single socket before it moves from the gateway's 500 to its 4500. data-plane.ts has the rule.
bool withoutMarker(std::uint16_t localPort, std::uint16_t remotePort);

// What came to `localPort` from `remotePort`. ESP has an SPI and a sequence number at least, IKE a whole header.
Classified classify(Octets datagram, std::uint16_t localPort, std::uint16_t remotePort);

// A receive buffer of many datagrams with their addresses: one recvmmsg.
class DatagramBatch {
 public:
  static constexpr std::size_t kDatagrams = 32;
  static constexpr std::size_t kDatagramBytes = 65536;

  DatagramBatch();
  // Datagrams received; 0 when there are none now; a negative errno when the socket has an error to tell.
  int receive(const UdpSocket& socket);
  Octets bytes(int index);
  SocketAddress remote(int index) const;
  // Where it was sent to: IP_PKTINFO with the socket's port.
  SocketAddress local(int index, const UdpSocket& socket) const;

 private:
  union Control {
    cmsghdr alignment;
    char bytes[CMSG_SPACE(sizeof(in6_pktinfo))];
  };
  std::vector<std::uint8_t> buffer_;
  std::array<mmsghdr, kDatagrams> headers_{};
  std::array<iovec, kDatagrams> vectors_{};
  std::array<sockaddr_storage, kDatagrams> remotes_{};
  std::array<Control, kDatagrams> controls_{};
};

// One datagram of up to two parts, without waiting. False: the system did not take it.
bool sendDatagram(const UdpSocket& socket, const SocketAddress& remote, ConstOctets head, ConstOctets body);

}  // namespace adit
