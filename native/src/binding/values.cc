#include "binding/values.h"

#include <string>

#include "ring/ledger.h"

namespace videopush::binding {
namespace {

Napi::Value text(Napi::Env env, const std::string& value) { return Napi::String::New(env, value); }
Napi::Value text_or_null(Napi::Env env, const char* value) {
  return value && *value ? Napi::Value(Napi::String::New(env, value)) : env.Null();
}
Napi::Value number(Napi::Env env, double value) { return Napi::Number::New(env, value); }
Napi::Value positive_or_null(Napi::Env env, double value) {
  return value > 0 ? number(env, value) : env.Null();
}
Napi::Value rational_or_null(Napi::Env env, AVRational value) {
  return value.num > 0 && value.den > 0 ? text(env, rational_text(value)) : env.Null();
}

Napi::Value texts(Napi::Env env, const std::vector<std::string>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (std::uint32_t i = 0; i < values.size(); ++i) array[i] = text(env, values[i]);
  return array;
}

Napi::Value color_to_js(Napi::Env env, const VideoFormat& format) {
  Napi::Object color = Napi::Object::New(env);
  const auto known = [&](int value, int unspecified, const char* name) {
    return value == unspecified ? env.Null() : text_or_null(env, name);
  };
  color["range"] = known(format.color_range, AVCOL_RANGE_UNSPECIFIED,
                         av_color_range_name(static_cast<AVColorRange>(format.color_range)));
  color["primaries"] =
      known(format.color_primaries, AVCOL_PRI_UNSPECIFIED,
            av_color_primaries_name(static_cast<AVColorPrimaries>(format.color_primaries)));
  color["transfer"] = known(
      format.color_transfer, AVCOL_TRC_UNSPECIFIED,
      av_color_transfer_name(static_cast<AVColorTransferCharacteristic>(format.color_transfer)));
  color["matrix"] = known(format.color_matrix, AVCOL_SPC_UNSPECIFIED,
                          av_color_space_name(static_cast<AVColorSpace>(format.color_matrix)));
  return color;
}

Napi::Value histogram_to_js(Napi::Env env, const pacing::Histogram::Snapshot& histogram) {
  Napi::Object object = Napi::Object::New(env);
  Napi::Array bounds = Napi::Array::New(env, histogram.bounds.size());
  for (std::size_t i = 0; i < histogram.bounds.size(); ++i)
    bounds[i] = number(env, histogram.bounds[i]);
  Napi::Array buckets = Napi::Array::New(env, histogram.buckets.size());
  for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
    buckets[i] = number(env, static_cast<double>(histogram.buckets[i]));
  }
  object["bounds"] = bounds;
  object["buckets"] = buckets;
  object["sum"] = number(env, histogram.sum);
  object["count"] = number(env, static_cast<double>(histogram.count));
  return object;
}

Napi::Value totals_to_js(Napi::Env env, const ring::Ledger::Totals& totals) {
  const auto dropped = [&](ring::Drop reason) {
    return number(env, static_cast<double>(totals.dropped[static_cast<std::size_t>(reason)]));
  };
  const auto failed = [&](ring::Fail reason) {
    return number(env, static_cast<double>(totals.failed[static_cast<std::size_t>(reason)]));
  };
  Napi::Object drops = Napi::Object::New(env);
  drops["queueFull"] = dropped(ring::Drop::QueueFull);
  drops["late"] = dropped(ring::Drop::Late);
  drops["decodeError"] = dropped(ring::Drop::DecodeError);
  drops["backlog"] = dropped(ring::Drop::Backlog);
  drops["network"] = dropped(ring::Drop::Network);
  Napi::Object fails = Napi::Object::New(env);
  fails["encode"] = failed(ring::Fail::Encode);
  fails["output"] = failed(ring::Fail::Output);
  Napi::Object object = Napi::Object::New(env);
  object["sent"] = number(env, static_cast<double>(totals.sent));
  object["repeated"] = number(env, static_cast<double>(totals.repeated));
  object["bytes"] = number(env, static_cast<double>(totals.bytes));
  object["dropped"] = drops;
  object["failed"] = fails;
  return object;
}

const char* phase_name(sessions::OutputPhase phase) {
  switch (phase) {
    case sessions::OutputPhase::Idle:
      return "Idle";
    case sessions::OutputPhase::Connecting:
      return "Connecting";
    case sessions::OutputPhase::Connected:
      return "Connected";
    case sessions::OutputPhase::Waiting:
      return "Waiting";
    case sessions::OutputPhase::Failed:
      return "Failed";
    case sessions::OutputPhase::Closed:
      return "Closed";
  }
  return "Idle";
}

const char* phase_name(sessions::DecodePhase phase) {
  switch (phase) {
    case sessions::DecodePhase::Opening:
      return "Opening";
    case sessions::DecodePhase::Running:
      return "Running";
    case sessions::DecodePhase::Blocked:
      return "Blocked";
    case sessions::DecodePhase::Waiting:
      return "Waiting";
    case sessions::DecodePhase::Ended:
      return "Ended";
    case sessions::DecodePhase::Failed:
      return "Failed";
  }
  return "Opening";
}

Napi::Value output_to_js(Napi::Env env, const sessions::OutputSnapshot& output) {
  Napi::Object object = Napi::Object::New(env);
  const auto count = [&](const char* key, std::uint64_t value) {
    object[key] = number(env, static_cast<double>(value));
  };
  const auto seconds = [&](const char* key, double value) { object[key] = number(env, value); };
  object["name"] = text(env, output.name);
  object["protocol"] = text(env, output.protocol);
  object["url"] = text(env, output.url);
  object["files"] = texts(env, output.files);
  object["phase"] = text(env, phase_name(output.phase));
  object["error"] = to_js(env, output.error);
  count("connects", output.connects);
  Napi::Object reconnects = Napi::Object::New(env);
  reconnects["refused"] = number(env, static_cast<double>(output.reconnects_refused));
  reconnects["timeout"] = number(env, static_cast<double>(output.reconnects_timeout));
  reconnects["reset"] = number(env, static_cast<double>(output.reconnects_reset));
  reconnects["protocol"] = number(env, static_cast<double>(output.reconnects_protocol));
  object["reconnects"] = reconnects;
  count("renewals", output.renewals);
  seconds("outageSeconds", output.outage_seconds);
  object["ledger"] = totals_to_js(env, output.ledger);
  count("keyFrames", output.key_frames);
  count("late", output.late);
  object["lateness"] = histogram_to_js(env, output.lateness);
  object["intervalError"] = histogram_to_js(env, output.interval_error);
  object["writeDuration"] = histogram_to_js(env, output.write_duration);
  seconds("sendLeadSeconds", output.send_lead);
  seconds("totalLeadSeconds", output.total_lead);
  seconds("leadSeconds", output.lead);
  seconds("jitterSeconds", output.jitter);
  seconds("intervalSeconds", output.interval_sum);
  seconds("intervalSquaredSeconds", output.interval_squared_sum);
  seconds("waitSeconds", output.wait_sum);
  Napi::Object rebases = Napi::Object::New(env);
  rebases["stall"] = number(env, static_cast<double>(output.rebases_stall));
  rebases["resume"] = number(env, static_cast<double>(output.rebases_resume));
  rebases["discontinuity"] = number(env, static_cast<double>(output.rebases_discontinuity));
  rebases["sourceClock"] = number(env, static_cast<double>(output.rebases_source_clock));
  object["rebases"] = rebases;
  seconds("rebaseSeconds", output.rebase_seconds);
  count("backlogBytes", output.backlog_bytes);
  object["sourceClockPpm"] =
      output.source_clock_ppm ? number(env, *output.source_clock_ppm) : env.Null();
  object["secondsUntilDue"] =
      output.seconds_until_due ? number(env, *output.seconds_until_due) : env.Null();
  return object;
}

Napi::Value encoder_to_js(Napi::Env env, const media::Encoder::Effective& encoder) {
  Napi::Object object = Napi::Object::New(env);
  object["encoder"] = text(env, encoder.encoder);
  object["bitRate"] = number(env, static_cast<double>(encoder.bit_rate));
  object["gopFrames"] = positive_or_null(env, encoder.gop_frames);
  object["gopSeconds"] = positive_or_null(env, encoder.gop_seconds);
  object["maxBFrames"] = number(env, encoder.max_b_frames);
  object["threads"] = number(env, encoder.threads);
  object["width"] = number(env, encoder.width);
  object["height"] = number(env, encoder.height);
  object["pixelFormat"] = text(env, encoder.pixel_format);
  return object;
}

}  // namespace

std::string rational_text(AVRational value) {
  return value.den == 1 ? std::to_string(value.num)
                        : std::to_string(value.num) + "/" + std::to_string(value.den);
}

Napi::Value to_js(Napi::Env env, const std::optional<Error>& error) {
  if (!error) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object["code"] = text(env, std::string(to_string(error->code())));
  object["message"] = text(env, error->message());
  object["action"] = text(env, error->action());
  object["permanent"] = Napi::Boolean::New(env, is_permanent(error->code()));
  return object;
}

Napi::Value to_js(Napi::Env env, const VideoFormat& format) {
  Napi::Object object = Napi::Object::New(env);
  object["width"] = number(env, format.width);
  object["height"] = number(env, format.height);
  object["pixelFormat"] =
      text_or_null(env, av_get_pix_fmt_name(static_cast<AVPixelFormat>(format.pixel_format)));
  object["timeBase"] = rational_or_null(env, format.time_base());
  object["frameRate"] = rational_or_null(env, format.frame_rate());
  object["sampleAspectRatio"] = rational_or_null(env, {format.sar_num, format.sar_den});
  object["color"] = color_to_js(env, format);
  return object;
}

Napi::Value to_js(Napi::Env env, const media::SourceDescriptor& source) {
  Napi::Object video = Napi::Object::New(env);
  video["codec"] = text(env, source.codec);
  video["profile"] = text_or_null(env, source.profile.c_str());
  video["width"] = number(env, source.format.width);
  video["height"] = number(env, source.format.height);
  video["pixelFormat"] =
      text(env, av_get_pix_fmt_name(static_cast<AVPixelFormat>(source.format.pixel_format))
                    ?: "unknown");
  video["frameRate"] = rational_or_null(env, source.format.frame_rate());
  video["timeBase"] = text(env, rational_text(source.format.time_base()));
  video["variableFrameRate"] = Napi::Boolean::New(env, source.variable_frame_rate);
  video["bitRate"] = positive_or_null(env, static_cast<double>(source.bit_rate));
  video["gopFrames"] = positive_or_null(env, source.gop_frames);
  video["reorderFrames"] = number(env, source.reorder_frames);
  video["rotation"] = number(env, source.orientation.rotation);
  video["interlaced"] = Napi::Boolean::New(env, source.interlaced);
  video["mirrored"] = Napi::Boolean::New(env, source.orientation.mirrored);
  video["sampleAspectRatio"] =
      rational_or_null(env, {source.format.sar_num, source.format.sar_den});
  video["color"] = color_to_js(env, source.format);
  video["frameCount"] = positive_or_null(env, static_cast<double>(source.frame_count));
  video["frameCountExact"] = Napi::Boolean::New(env, source.frame_count_exact);

  Napi::Array videos = Napi::Array::New(env);
  for (const media::VideoTrack& track : source.videos) {
    Napi::Object object = Napi::Object::New(env);
    object["streamIndex"] = number(env, track.index);
    object["id"] = track.id < 0 ? env.Null() : number(env, track.id);
    object["language"] = track.language.empty() ? env.Null() : text(env, track.language);
    object["codec"] = text(env, track.codec);
    object["width"] = number(env, track.width);
    object["height"] = number(env, track.height);
    object["default"] = Napi::Boolean::New(env, track.is_default);
    object["cover"] = Napi::Boolean::New(env, track.cover);
    Napi::Array programs = Napi::Array::New(env);
    for (const int program : track.programs) programs[programs.Length()] = number(env, program);
    object["programs"] = programs;
    videos[videos.Length()] = object;
  }

  Napi::Array audio = Napi::Array::New(env);
  for (const media::AudioTrack& track : source.audio) {
    Napi::Object object = Napi::Object::New(env);
    object["codec"] = text(env, track.codec);
    object["sampleRate"] = number(env, track.sample_rate);
    object["channels"] = number(env, track.channels);
    object["bitRate"] = positive_or_null(env, static_cast<double>(track.bit_rate));
    audio[audio.Length()] = object;
  }

  Napi::Object object = Napi::Object::New(env);
  object["container"] = text(env, source.container);
  object["durationSeconds"] = positive_or_null(env, source.duration_seconds);
  object["startSeconds"] = number(env, source.start_seconds);
  object["seekable"] = Napi::Boolean::New(env, source.seekable);
  object["live"] = Napi::Boolean::New(env, source.live);
  object["finite"] = Napi::Boolean::New(env, source.finite);
  object["streamIndex"] = number(env, source.stream_index);
  object["streamCount"] = number(env, source.stream_count);
  object["video"] = video;
  object["videos"] = videos;
  object["audio"] = audio;
  object["changes"] = texts(env, source.changes);
  return object;
}

Napi::Value queue_to_js(Napi::Env env, const ring::Header* queue) {
  if (!queue) return env.Null();
  const auto [taken, acked] = queue->cursors();
  const std::uint64_t published = queue->published.load();
  Napi::Object object = Napi::Object::New(env);
  object["depth"] = number(env, static_cast<double>(published - std::min(taken, published)));
  object["capacity"] = number(env, queue->capacity);
  object["unacked"] = number(env, static_cast<double>(published - std::min(acked, published)));
  object["producerBlockedSeconds"] =
      number(env, to_seconds(static_cast<Nanoseconds>(queue->producer_blocked_ns.load())));
  object["consumerBlockedSeconds"] =
      number(env, to_seconds(static_cast<Nanoseconds>(queue->consumer_blocked_ns.load())));
  object["sourceFrames"] = number(env, static_cast<double>(queue->source_frames.load()));
  object["ended"] = Napi::Boolean::New(env, queue->ended.load() != 0);
  return object;
}

Napi::Value to_js(Napi::Env env, const sessions::DecodeSnapshot& decode,
                  const ring::Header* queue) {
  Napi::Object object = Napi::Object::New(env);
  const auto count = [&](const char* key, std::uint64_t value) {
    object[key] = number(env, static_cast<double>(value));
  };
  object["phase"] = text(env, phase_name(decode.phase));
  object["error"] = to_js(env, decode.error);
  object["descriptor"] = decode.descriptor ? to_js(env, *decode.descriptor) : env.Null();
  count("demuxed", decode.demuxed);
  count("decoded", decode.decoded);
  count("enqueued", decode.enqueued);
  Napi::Object dropped = Napi::Object::New(env);
  dropped["queueFull"] = number(env, static_cast<double>(decode.dropped_queue_full));
  dropped["decodeError"] = number(env, static_cast<double>(decode.dropped_decode_error));
  object["dropped"] = dropped;
  count("rateRepeats", decode.rate_repeats);
  count("rateDrops", decode.rate_drops);
  Napi::Object jumps = Napi::Object::New(env);
  jumps["forward"] = number(env, static_cast<double>(decode.discontinuities.forward));
  jumps["backward"] = number(env, static_cast<double>(decode.discontinuities.backward));
  jumps["outlier"] = number(env, static_cast<double>(decode.discontinuities.outliers));
  object["discontinuities"] = jumps;
  count("passes", decode.passes);
  count("reconnects", decode.reconnects);
  count("resumes", decode.resumes);
  object["secondsSinceLastFrame"] =
      decode.decoded > 0 ? number(env, to_seconds(decode.last_frame_age_ns)) : env.Null();
  object["positionSeconds"] = number(env, decode.position_seconds);
  object["decodeDuration"] = histogram_to_js(env, decode.decode_duration);
  object["queue"] = queue_to_js(env, queue);
  return object;
}

Napi::Value to_js(Napi::Env env, const sessions::EncodeSnapshot& encode,
                  const ring::Header* queue) {
  Napi::Object object = Napi::Object::New(env);
  const auto count = [&](const char* key, std::uint64_t value) {
    object[key] = number(env, static_cast<double>(value));
  };
  object["running"] = Napi::Boolean::New(env, encode.running);
  object["ended"] = Napi::Boolean::New(env, encode.ended);
  object["error"] = to_js(env, encode.error);
  count("sourceFrames", encode.source_frames);
  count("dequeued", encode.dequeued);
  count("encoded", encode.encoded);
  count("resumes", encode.resumes);
  object["encoder"] = encode.encoder ? encoder_to_js(env, *encode.encoder) : env.Null();
  object["format"] = encode.format ? to_js(env, *encode.format) : env.Null();
  object["encodeDuration"] = histogram_to_js(env, encode.encode_duration);
  object["residence"] = histogram_to_js(env, encode.residence);
  object["latency"] = histogram_to_js(env, encode.latency);
  object["queue"] = queue_to_js(env, queue);
  Napi::Array outputs = Napi::Array::New(env);
  for (const auto& output : encode.outputs) outputs[outputs.Length()] = output_to_js(env, output);
  object["outputs"] = outputs;
  return object;
}

Napi::Value ring_to_js(Napi::Env env, const ring::Header& header) {
  Napi::Object object = queue_to_js(env, &header).As<Napi::Object>();
  const auto count = [&](const char* key, std::uint64_t value) {
    object[key] = number(env, static_cast<double>(value));
  };
  object["format"] = to_js(env, header.format);
  object["parameters"] = text(env, std::string(header.parameters, header.parameters_bytes));
  count("generation", header.generation);
  count("slots", header.slot_count);
  count("published", header.published.load());
  const auto [taken, acked] = header.cursors();
  count("taken", taken);
  count("released", header.released.load());
  count("acked", acked);
  count("rateRepeats", header.rate_repeats.load());
  count("rateDrops", header.rate_drops.load());
  count("decodeErrors", header.decode_errors.load());
  count("producerResumes", header.producer_resumes.load());
  count("consumerResumes", header.consumer_resumes.load());
  const std::uint32_t failed = header.producer_error.load();
  object["producerError"] =
      failed ? text(env, std::string(to_string(static_cast<ErrorCode>(failed - 1)))) : env.Null();
  Napi::Array outputs = Napi::Array::New(env);
  for (std::uint32_t i = 0; i < header.output_count && i < ring::kMaxOutputs; ++i) {
    const ring::OutputRecord& record = header.outputs[i];
    Napi::Object output = Napi::Object::New(env);
    output["name"] = text(env, record.name);
    output["connects"] = number(env, static_cast<double>(record.connects.load()));
    output["ledger"] = totals_to_js(env, ring::Ledger::read(record));
    outputs[outputs.Length()] = output;
  }
  object["outputs"] = outputs;
  return object;
}

}  // namespace videopush::binding
