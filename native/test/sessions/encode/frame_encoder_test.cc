// The encoder of a pipeline, without any output.
#include "sessions/encode/frame_encoder.h"

#include <doctest/doctest.h>

#include "media/encode/pictures.h"
#include "sessions/encode/event_clock.h"
#include "sessions/encode/script_input.h"

using namespace videopush;
using namespace videopush::test;

namespace {

struct Rig {
  EventClock clock{1};
  ScriptInput input{{}, clock, std::make_shared<ScriptLedger>(1)};
  VideoFormat format = input.format();
  sessions::EncodeOptions options;
  sessions::EncodeHooks hooks;
  std::vector<std::string> events;
  sessions::EventSink sink = [this](std::string_view kind, std::string_view detail) {
    events.push_back(std::string(kind) + " " + std::string(detail));
  };
  AbortSignal abort;
  std::atomic<bool> stopping{false};
  sessions::EncodeStats stats;
  std::vector<std::unique_ptr<sessions::SenderStatus>> statuses;
  sessions::PipelineContext context{options, hooks,    input, clock,   sink,
                                    abort,   stopping, stats, statuses};
  sessions::SenderGroup senders;
  sessions::LeadMeter lead{input, format, 0, [] { return std::nullopt; }};
  sessions::FrameEncoder encoder{context, format, senders, lead};

  void encode(std::int64_t index) { encode(format, index); }
  void encode(const VideoFormat& shape, std::int64_t index) {
    encoder.encode({.frame = picture(shape, index), .sequence = static_cast<std::uint64_t>(index)});
  }
};

}  // namespace

TEST_CASE("a frame encoder shows its settings and its track once it is open") {
  Rig rig;
  CHECK_FALSE(rig.encoder.is_open());
  CHECK_FALSE(rig.encoder.effective());
  rig.encoder.open();
  CHECK(rig.encoder.effective()->width == rig.format.width);
  CHECK(rig.encoder.track()->parameters->width == rig.format.width);
}

TEST_CASE("every frame that a frame encoder takes comes out by the end of a flush") {
  Rig rig;
  rig.encoder.open();
  for (std::int64_t i = 0; i < 10; ++i) rig.encode(i);
  rig.encoder.flush();
  CHECK(rig.stats.encoded == 10);
  CHECK(rig.encoder.held() == 0);
}

TEST_CASE("a frame of another size is lost alone and leaves the frame encoder at work") {
  Rig rig;
  rig.encoder.open();
  rig.encode(0);
  rig.encode(video_format({.width = 128, .height = 96}), 1);
  rig.encode(2);
  rig.encoder.flush();
  CHECK(rig.stats.encoded == 2);
  CHECK(rig.events.empty());  // the encoder itself has not failed
}
