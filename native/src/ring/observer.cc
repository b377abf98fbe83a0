#include "ring/mapping.h"
#include "ring/ring.h"

namespace videopush::ring {

Observer::Observer(std::unique_ptr<Mapping> mapping) : mapping_(std::move(mapping)) {}
Observer::~Observer() = default;

std::unique_ptr<Observer> Observer::open(const std::string& path) {
  std::unique_ptr<Mapping> mapping = Mapping::open(path, Side::Observer);
  if (mapping == nullptr) {
    throw Error(ErrorCode::SourceNotFound, "frame queue " + path + " does not exist",
                "see whether the decoder runs and names the same path");
  }
  return std::unique_ptr<Observer>(new Observer(std::move(mapping)));
}

const Header& Observer::header() const { return mapping_->header(); }

}  // namespace videopush::ring
