// The ring's file: creation, locks, validation and the mapping. Private to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ring/layout.h"
#include "ring/ring.h"

namespace videopush::ring {

/// Who holds a file: one byte of it is locked for as long as the mapping exists (open file
/// description lock, released by the kernel however the process ends). Observers lock nothing and
/// can't write.
enum class Side { Producer, Consumer, Observer };

class Mapping {
 public:
  /// Maps the ring at `path`; nullptr when there is no file. RingBusy: this side is taken;
  /// RingInvalid: not a ring, or not of this build; checked before anything in it is used.
  static std::unique_ptr<Mapping> open(const std::string& path, Side side);
  /// Makes a ring as the producer and moves it to `path`, in place of `predecessor` (whose producer
  /// lock the caller holds) or where nothing was; nullptr when something has appeared there
  /// meanwhile. `predecessor`'s numbering and ledgers go on in it. RingBusy, FileNotWritable.
  static std::unique_ptr<Mapping> create(const RingOptions& options, const VideoFormat& format,
                                         const Mapping* predecessor);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  Header& header() const { return *header_; }
  SlotHeader& slot(std::uint64_t position) const { return header_->journal[position % kMaxSlots]; }
  std::uint8_t* plane(std::uint64_t position, std::uint32_t index) const;
  /// Whether `path` still names this file.
  bool stands_at(const std::string& path) const;
  /// Whether `path` names another file by now.
  bool replaced_at(const std::string& path) const;

 private:
  Mapping(int fd, std::uint64_t bytes, bool writable, const std::string& path);

  int fd_;
  std::uint64_t bytes_;
  Header* header_ = nullptr;
};

}  // namespace videopush::ring
