# Made by `semradio blocks --stub`; do not edit by hand.

from semradio.blocks.analog.automatic_gain_control import (
    AutomaticGainControl as AutomaticGainControl,
)
from semradio.blocks.analog.fm_deemphasis import FmDeemphasis as FmDeemphasis
from semradio.blocks.analog.frequency_modulator import FrequencyModulator as FrequencyModulator
from semradio.blocks.analog.frequency_shift import FrequencyShift as FrequencyShift
from semradio.blocks.analog.iq_balance import IqBalance as IqBalance
from semradio.blocks.analog.mu_law_compressor import MuLawCompressor as MuLawCompressor
from semradio.blocks.analog.mu_law_expander import MuLawExpander as MuLawExpander
from semradio.blocks.analog.power_squelch import PowerSquelch as PowerSquelch
from semradio.blocks.analog.quadrature_demod import QuadratureDemod as QuadratureDemod
from semradio.blocks.api import Block as Block
from semradio.blocks.api import BlockError as BlockError
from semradio.blocks.api import BlockNotFoundError as BlockNotFoundError
from semradio.blocks.api import DatasetError as DatasetError
from semradio.blocks.api import Input as Input
from semradio.blocks.api import ItemType as ItemType
from semradio.blocks.api import ItemTypeError as ItemTypeError
from semradio.blocks.api import ModelError as ModelError
from semradio.blocks.api import Output as Output
from semradio.blocks.api import ParameterError as ParameterError
from semradio.blocks.api import RateBlock as RateBlock
from semradio.blocks.api import SemradioError as SemradioError
from semradio.blocks.api import Sink as Sink
from semradio.blocks.api import Source as Source
from semradio.blocks.api import StreamBlock as StreamBlock
from semradio.blocks.api import StreamError as StreamError
from semradio.blocks.api import SyncBlock as SyncBlock
from semradio.blocks.api import Tag as Tag
from semradio.blocks.api import block as block
from semradio.blocks.api import parameter as parameter
from semradio.blocks.api import state as state
from semradio.blocks.channels.awgn_channel import AwgnChannel as AwgnChannel
from semradio.blocks.channels.clipping import Clipping as Clipping
from semradio.blocks.channels.clock_offset import ClockOffset as ClockOffset
from semradio.blocks.channels.dc_offset import DcOffset as DcOffset
from semradio.blocks.channels.frequency_offset import FrequencyOffset as FrequencyOffset
from semradio.blocks.channels.iq_imbalance import IqImbalance as IqImbalance
from semradio.blocks.channels.multipath_channel import MultipathChannel as MultipathChannel
from semradio.blocks.channels.phase_noise import PhaseNoise as PhaseNoise
from semradio.blocks.channels.quantiser import Quantiser as Quantiser
from semradio.blocks.channels.radio_channel import RadioChannel as RadioChannel
from semradio.blocks.channels.random_gap import RandomGap as RandomGap
from semradio.blocks.channels.rayleigh_channel import RayleighChannel as RayleighChannel
from semradio.blocks.channels.rician_channel import RicianChannel as RicianChannel
from semradio.blocks.coding.bit_interleaver import BitInterleaver as BitInterleaver
from semradio.blocks.coding.crc_append import CrcAppend as CrcAppend
from semradio.blocks.coding.crc_check import CrcCheck as CrcCheck
from semradio.blocks.coding.image_codec_decoder import ImageCodecDecoder as ImageCodecDecoder
from semradio.blocks.coding.image_codec_encoder import ImageCodecEncoder as ImageCodecEncoder
from semradio.blocks.coding.ldpc_decoder import LdpcDecoder as LdpcDecoder
from semradio.blocks.coding.ldpc_encoder import LdpcEncoder as LdpcEncoder
from semradio.blocks.coding.link_adaptation import LinkAdaptation as LinkAdaptation
from semradio.blocks.coding.mode_selector import ModeSelector as ModeSelector
from semradio.blocks.coding.qam_demapper import QamDemapper as QamDemapper
from semradio.blocks.coding.qam_mapper import QamMapper as QamMapper
from semradio.blocks.conversion.cast import Cast as Cast
from semradio.blocks.conversion.char_to_float import CharToFloat as CharToFloat
from semradio.blocks.conversion.complex_to_arg import ComplexToArg as ComplexToArg
from semradio.blocks.conversion.complex_to_float import ComplexToFloat as ComplexToFloat
from semradio.blocks.conversion.complex_to_imag import ComplexToImag as ComplexToImag
from semradio.blocks.conversion.complex_to_interleaved_char import (
    ComplexToInterleavedChar as ComplexToInterleavedChar,
)
from semradio.blocks.conversion.complex_to_interleaved_short import (
    ComplexToInterleavedShort as ComplexToInterleavedShort,
)
from semradio.blocks.conversion.complex_to_interleaved_uchar import (
    ComplexToInterleavedUchar as ComplexToInterleavedUchar,
)
from semradio.blocks.conversion.complex_to_mag import ComplexToMag as ComplexToMag
from semradio.blocks.conversion.complex_to_mag_squared import (
    ComplexToMagSquared as ComplexToMagSquared,
)
from semradio.blocks.conversion.float_to_char import FloatToChar as FloatToChar
from semradio.blocks.conversion.float_to_complex import FloatToComplex as FloatToComplex
from semradio.blocks.conversion.float_to_int import FloatToInt as FloatToInt
from semradio.blocks.conversion.float_to_short import FloatToShort as FloatToShort
from semradio.blocks.conversion.float_to_uchar import FloatToUchar as FloatToUchar
from semradio.blocks.conversion.int_to_float import IntToFloat as IntToFloat
from semradio.blocks.conversion.interleaved_char_to_complex import (
    InterleavedCharToComplex as InterleavedCharToComplex,
)
from semradio.blocks.conversion.interleaved_short_to_complex import (
    InterleavedShortToComplex as InterleavedShortToComplex,
)
from semradio.blocks.conversion.interleaved_uchar_to_complex import (
    InterleavedUcharToComplex as InterleavedUcharToComplex,
)
from semradio.blocks.conversion.short_to_float import ShortToFloat as ShortToFloat
from semradio.blocks.conversion.uchar_to_float import UcharToFloat as UcharToFloat
from semradio.blocks.filters.arbitrary_resampler import ArbitraryResampler as ArbitraryResampler
from semradio.blocks.filters.dc_blocker import DcBlocker as DcBlocker
from semradio.blocks.filters.fir_filter import FirFilter as FirFilter
from semradio.blocks.filters.rational_resampler import RationalResampler as RationalResampler
from semradio.blocks.gnuradio.file_meta_sink import FileMetaSink as FileMetaSink
from semradio.blocks.gnuradio.file_meta_source import FileMetaSource as FileMetaSource
from semradio.blocks.gnuradio.message_control import MessageControl as MessageControl
from semradio.blocks.gnuradio.zeromq_pub_msg_sink import ZeromqPubMsgSink as ZeromqPubMsgSink
from semradio.blocks.gnuradio.zeromq_pub_sink import ZeromqPubSink as ZeromqPubSink
from semradio.blocks.gnuradio.zeromq_pull_msg_source import (
    ZeromqPullMsgSource as ZeromqPullMsgSource,
)
from semradio.blocks.gnuradio.zeromq_pull_source import ZeromqPullSource as ZeromqPullSource
from semradio.blocks.gnuradio.zeromq_push_msg_sink import ZeromqPushMsgSink as ZeromqPushMsgSink
from semradio.blocks.gnuradio.zeromq_push_sink import ZeromqPushSink as ZeromqPushSink
from semradio.blocks.gnuradio.zeromq_rep_msg_sink import ZeromqRepMsgSink as ZeromqRepMsgSink
from semradio.blocks.gnuradio.zeromq_rep_sink import ZeromqRepSink as ZeromqRepSink
from semradio.blocks.gnuradio.zeromq_req_msg_source import ZeromqReqMsgSource as ZeromqReqMsgSource
from semradio.blocks.gnuradio.zeromq_req_source import ZeromqReqSource as ZeromqReqSource
from semradio.blocks.gnuradio.zeromq_sub_msg_source import ZeromqSubMsgSource as ZeromqSubMsgSource
from semradio.blocks.gnuradio.zeromq_sub_source import ZeromqSubSource as ZeromqSubSource
from semradio.blocks.media.text_sink import TextSink as TextSink
from semradio.blocks.media.text_source import TextSource as TextSource
from semradio.blocks.media.video_sink import VideoSink as VideoSink
from semradio.blocks.media.video_source import VideoSource as VideoSource
from semradio.blocks.media.wav_file_sink import WavFileSink as WavFileSink
from semradio.blocks.media.wav_file_source import WavFileSource as WavFileSource
from semradio.blocks.metrics.bandwidth_ratio import BandwidthRatio as BandwidthRatio
from semradio.blocks.metrics.ccdf import Ccdf as Ccdf
from semradio.blocks.metrics.classification_metrics import (
    ClassificationMetrics as ClassificationMetrics,
)
from semradio.blocks.metrics.error_rate import ErrorRate as ErrorRate
from semradio.blocks.metrics.evm import Evm as Evm
from semradio.blocks.metrics.image_quality import ImageQuality as ImageQuality
from semradio.blocks.metrics.ms_ssim import MsSsim as MsSsim
from semradio.blocks.metrics.power_ratio import PowerRatio as PowerRatio
from semradio.blocks.metrics.si_sdr import SiSdr as SiSdr
from semradio.blocks.metrics.signal_power import SignalPower as SignalPower
from semradio.blocks.metrics.snr_estimate import SnrEstimate as SnrEstimate
from semradio.blocks.metrics.snr_loss import SnrLoss as SnrLoss
from semradio.blocks.metrics.text_similarity import TextSimilarity as TextSimilarity
from semradio.blocks.mimo.channel_state_source import ChannelStateSource as ChannelStateSource
from semradio.blocks.mimo.csi_estimator import CsiEstimator as CsiEstimator
from semradio.blocks.mimo.ia_transceiver import IaTransceiver as IaTransceiver
from semradio.blocks.mimo.lmmse_receiver import LmmseReceiver as LmmseReceiver
from semradio.blocks.mimo.mimo_demodulator import MimoDemodulator as MimoDemodulator
from semradio.blocks.mimo.mimo_filter import MimoFilter as MimoFilter
from semradio.blocks.mimo.mimo_interference_channel import (
    MimoInterferenceChannel as MimoInterferenceChannel,
)
from semradio.blocks.mimo.mimo_modulator import MimoModulator as MimoModulator
from semradio.blocks.mimo.mimo_precoder import MimoPrecoder as MimoPrecoder
from semradio.blocks.neural.arn_receiver import ArnReceiver as ArnReceiver
from semradio.blocks.neural.arn_transmitter import ArnTransmitter as ArnTransmitter
from semradio.blocks.neural.deepjscc_decoder import DeepJsccDecoder as DeepJsccDecoder
from semradio.blocks.neural.deepjscc_encoder import DeepJsccEncoder as DeepJsccEncoder
from semradio.blocks.neural.eavesdropper import Eavesdropper as Eavesdropper
from semradio.blocks.neural.irsc_receiver import IrscReceiver as IrscReceiver
from semradio.blocks.neural.irsc_transmitter import IrscTransmitter as IrscTransmitter
from semradio.blocks.neural.onnx_model import OnnxModel as OnnxModel
from semradio.blocks.neural.semantic_decoder import SemanticDecoder as SemanticDecoder
from semradio.blocks.neural.semantic_encoder import SemanticEncoder as SemanticEncoder
from semradio.blocks.phy.burst_demodulator import BurstDemodulator as BurstDemodulator
from semradio.blocks.phy.burst_detector import BurstDetector as BurstDetector
from semradio.blocks.phy.burst_equaliser import BurstEqualiser as BurstEqualiser
from semradio.blocks.phy.burst_framer import BurstFramer as BurstFramer
from semradio.blocks.phy.burst_modulator import BurstModulator as BurstModulator
from semradio.blocks.phy.burst_synchroniser import BurstSynchroniser as BurstSynchroniser
from semradio.blocks.phy.pulse_shaper import PulseShaper as PulseShaper
from semradio.blocks.phy.symbol_packer import SymbolPacker as SymbolPacker
from semradio.blocks.phy.symbol_unpacker import SymbolUnpacker as SymbolUnpacker
from semradio.blocks.radio.iq_file_sink import IqFileSink as IqFileSink
from semradio.blocks.radio.iq_file_source import IqFileSource as IqFileSource
from semradio.blocks.radio.rtl_tcp_source import RtlTcpSource as RtlTcpSource
from semradio.blocks.radio.sigmf_sink import SigmfSink as SigmfSink
from semradio.blocks.radio.sigmf_source import SigmfSource as SigmfSource
from semradio.blocks.radio.soapy_sink import SoapySink as SoapySink
from semradio.blocks.radio.soapy_source import SoapySource as SoapySource
from semradio.blocks.radio.tcp_sink import TcpSink as TcpSink
from semradio.blocks.radio.tcp_source import TcpSource as TcpSource
from semradio.blocks.radio.udp_sink import UdpSink as UdpSink
from semradio.blocks.radio.udp_source import UdpSource as UdpSource
from semradio.blocks.radio.uhd_sink import UhdSink as UhdSink
from semradio.blocks.radio.uhd_source import UhdSource as UhdSource
from semradio.blocks.radio.zmq_radio_sink import ZmqRadioSink as ZmqRadioSink
from semradio.blocks.radio.zmq_radio_source import ZmqRadioSource as ZmqRadioSource
from semradio.blocks.security.keyed_derotation import KeyedDerotation as KeyedDerotation
from semradio.blocks.security.keyed_rotation import KeyedRotation as KeyedRotation
from semradio.blocks.sinks.constellation_sink import ConstellationSink as ConstellationSink
from semradio.blocks.sinks.file_sink import FileSink as FileSink
from semradio.blocks.sinks.image_file_sink import ImageFileSink as ImageFileSink
from semradio.blocks.sinks.image_sink import ImageSink as ImageSink
from semradio.blocks.sinks.null_sink import NullSink as NullSink
from semradio.blocks.sinks.probe_rate import ProbeRate as ProbeRate
from semradio.blocks.sinks.spectrum_sink import SpectrumSink as SpectrumSink
from semradio.blocks.sinks.tag_debug import TagDebug as TagDebug
from semradio.blocks.sinks.time_sink import TimeSink as TimeSink
from semradio.blocks.sinks.vector_sink import VectorSink as VectorSink
from semradio.blocks.sinks.waterfall_sink import WaterfallSink as WaterfallSink
from semradio.blocks.sources.file_source import FileSource as FileSource
from semradio.blocks.sources.image_source import ImageSource as ImageSource
from semradio.blocks.sources.noise_source import NoiseSource as NoiseSource
from semradio.blocks.sources.null_source import NullSource as NullSource
from semradio.blocks.sources.signal_source import SignalSource as SignalSource
from semradio.blocks.sources.vector_source import VectorSource as VectorSource
from semradio.blocks.spectrum.correlate import Correlate as Correlate
from semradio.blocks.spectrum.fft import Fft as Fft
from semradio.blocks.spectrum.power_spectrum import PowerSpectrum as PowerSpectrum
from semradio.blocks.stream.add import Add as Add
from semradio.blocks.stream.add_const import AddConst as AddConst
from semradio.blocks.stream.complex_to_features import ComplexToFeatures as ComplexToFeatures
from semradio.blocks.stream.complex_to_interleaved import (
    ComplexToInterleaved as ComplexToInterleaved,
)
from semradio.blocks.stream.conjugate import Conjugate as Conjugate
from semradio.blocks.stream.copy import Copy as Copy
from semradio.blocks.stream.deinterleave import Deinterleave as Deinterleave
from semradio.blocks.stream.delay import Delay as Delay
from semradio.blocks.stream.features_to_complex import FeaturesToComplex as FeaturesToComplex
from semradio.blocks.stream.frame_tagger import FrameTagger as FrameTagger
from semradio.blocks.stream.function import Function as Function
from semradio.blocks.stream.head import Head as Head
from semradio.blocks.stream.interleave import Interleave as Interleave
from semradio.blocks.stream.iq_level import IqLevel as IqLevel
from semradio.blocks.stream.keep_one_in_n import KeepOneInN as KeepOneInN
from semradio.blocks.stream.multiply import Multiply as Multiply
from semradio.blocks.stream.multiply_const import MultiplyConst as MultiplyConst
from semradio.blocks.stream.real_to_complex import RealToComplex as RealToComplex
from semradio.blocks.stream.repeat import Repeat as Repeat
from semradio.blocks.stream.selector import Selector as Selector
from semradio.blocks.stream.skip_head import SkipHead as SkipHead
from semradio.blocks.stream.stream_mux import StreamMux as StreamMux
from semradio.blocks.stream.stream_to_vector import StreamToVector as StreamToVector
from semradio.blocks.stream.subtract import Subtract as Subtract
from semradio.blocks.stream.throttle import Throttle as Throttle
from semradio.blocks.stream.vector_to_stream import VectorToStream as VectorToStream
from semradio.blocks.testing import check_block as check_block
from semradio.flowgraphs import Flowgraph as Flowgraph
from semradio.flowgraphs import FlowgraphError as FlowgraphError
from semradio.flowgraphs import RunError as RunError
from semradio.flowgraphs import RunResult as RunResult

__version__: str

def _homes() -> dict[str, str]: ...
