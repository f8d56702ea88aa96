// The data plane: one thread carries packets from the TUN into ESP and out of a socket, one from all sockets to the
// TUN. JavaScript's thread installs and removes SAs, sends IKE and reads counters.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "event_queue.h"
#include "file_descriptor.h"
#include "receiver.h"
#include "sa_table.h"
#include "sender.h"
#include "tun.h"
#include "udp.h"

namespace adit {

struct PlaneCounters {
  std::uint64_t unknownSpi, runts, noSa, sendErrors, ikeDrops, ecnDrops;
};

class DataPlane {
 public:
  // Throws SystemFailure where a socket cannot be had; the TUN is closed then, too. `wake`: see EventQueue.
  DataPlane(FileDescriptor tun, const std::vector<UdpSpec>& sockets, std::function<void()> wake);
  ~DataPlane() { close(); }
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  const std::vector<UdpSocket>& sockets() const { return sockets_; }
  const TunFeatures& tunFeatures() const { return tunFeatures_; }
  // The addresses are of the socket's family, the indices exist: whoever calls has checked.
  void sendIke(std::size_t socket, const SocketAddress& remote, ConstOctets bytes, bool keepalive);
  SaTable& table() { return table_; }
  EventQueue& events() { return events_; }
  PlaneCounters counters() const;
  // Ends the threads, wipes the keys, closes sockets and TUN. May be called again.
  void close();
  bool closed() const { return closed_; }

 private:
  void start(std::thread& thread, const char* name, void (DataPlane::*body)());
  void runTun();
  void runUdp();
  // False when there is no packet now.
  bool forwardOutbound(Sender& sender, std::uint8_t* buffer);
  void send(const Run& run);
  void receiveFrom(std::size_t socket, DatagramBatch& batch, Receiver& receiver);
  void handleArrival(const SaView& view, std::size_t socket, const Arrival& arrival, Receiver& receiver);
  void writeFrame(Octets frame);
  void reportExpiry(Sa& sa);

  FileDescriptor tun_;
  FileDescriptor stop_;  // an eventfd: readable for good once the threads have to end
  TunFeatures tunFeatures_;
  std::size_t frameHeaderBytes_;  // of what the TUN gives and takes
  std::vector<UdpSocket> sockets_;
  SaTable table_;
  EventQueue events_;
  Tally tally_;
  std::atomic<bool> stopping_{false};
  bool closed_ = false;
  std::thread tunThread_, udpThread_;
};

}  // namespace adit
