// A SoapySDR driver without hardware: what is transmitted comes back, then the stream falls silent.
#include <SoapySDR/Device.hpp>
#include <SoapySDR/Errors.hpp>
#include <SoapySDR/Formats.hpp>
#include <SoapySDR/Registry.hpp>
#include <algorithm>
#include <complex>
#include <stdexcept>
#include <vector>

using Samples = std::vector<std::complex<float>>;

// Shared by all devices of one process, as the air is.
static Samples air;
static const long long start_ns = 1700000000250000000LL;

class Loopback : public SoapySDR::Device {
public:
    std::string getDriverKey() const override { return "loopback"; }
    size_t getNumChannels(const int) const override { return 1; }
    void setSampleRate(const int, const size_t, const double value) override { rate = value; }
    double getSampleRate(const int, const size_t) const override { return rate; }
    void setFrequency(const int, const size_t, const double value,
                      const SoapySDR::Kwargs &) override { frequency = value; }
    double getFrequency(const int, const size_t) const override { return frequency; }
    SoapySDR::RangeList getFrequencyRange(const int, const size_t) const override {
        return {SoapySDR::Range(1e6, 6e9)};
    }
    void setAntenna(const int, const size_t, const std::string &name) override {
        if (name != "A") throw std::runtime_error("no antenna " + name);
    }
    SoapySDR::Stream *setupStream(const int, const std::string &format, const std::vector<size_t> &,
                                  const SoapySDR::Kwargs &) override {
        if (format != SOAPY_SDR_CF32) throw std::runtime_error("no format " + format);
        return reinterpret_cast<SoapySDR::Stream *>(this);
    }
    void closeStream(SoapySDR::Stream *) override {}
    size_t getStreamMTU(SoapySDR::Stream *) const override { return 1000; }
    int activateStream(SoapySDR::Stream *, const int, const long long, const size_t) override {
        return 0;
    }
    int deactivateStream(SoapySDR::Stream *, const int, const long long) override { return 0; }
    int readStream(SoapySDR::Stream *, void *const *buffs, const size_t n, int &flags,
                   long long &time_ns, const long) override {
        if (at == 2000 and not lost) {
            lost = true;
            at += 500;
            return SOAPY_SDR_OVERFLOW;
        }
        const size_t end = std::min(air.size(), lost ? air.size() : size_t(2000));
        const size_t count = std::min({n, size_t(700), end - std::min(at, end)});
        if (count == 0) return SOAPY_SDR_TIMEOUT;
        std::copy_n(air.begin() + at, count, static_cast<std::complex<float> *>(buffs[0]));
        flags = SOAPY_SDR_HAS_TIME;
        time_ns = start_ns + (long long)(at * 1e9 / rate);
        at += count;
        return int(count);
    }
    int writeStream(SoapySDR::Stream *, const void *const *buffs, const size_t n, int &flags,
                    const long long, const long) override {
        const size_t count = std::min(n, size_t(300));
        const auto x = static_cast<const std::complex<float> *>(buffs[0]);
        air.insert(air.end(), x, x + count);
        if (flags & SOAPY_SDR_END_BURST and count == n) ended = true;
        return int(count);
    }
    int readStreamStatus(SoapySDR::Stream *, size_t &, int &flags, long long &,
                         const long) override {
        if (not ended) return SOAPY_SDR_TIMEOUT;
        ended = false;
        flags = SOAPY_SDR_END_BURST;
        return 0;
    }

private:
    double rate = 0, frequency = 0;
    size_t at = 0;
    bool lost = false, ended = false;
};

static SoapySDR::KwargsList find(const SoapySDR::Kwargs &) { return {{{"label", "loopback"}}}; }
static SoapySDR::Device *make(const SoapySDR::Kwargs &) { return new Loopback; }
static SoapySDR::Registry registration("loopback", &find, &make, SOAPY_SDR_ABI_VERSION);
