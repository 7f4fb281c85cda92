#ifndef SLUICE_FFMPEG_H
#define SLUICE_FFMPEG_H

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

// What the importer cannot see: macros with casts.
static const int sluice_error_eof = AVERROR_EOF;
static const int sluice_error_again = AVERROR(EAGAIN);
static const int sluice_error_memory = AVERROR(ENOMEM);
static const int64_t sluice_no_pts = AV_NOPTS_VALUE;
static const int64_t sluice_seek_size = AVSEEK_SIZE;

/// Sends FFmpeg's log nowhere instead of to stderr; errors come back as codes. Call before the first use of FFmpeg.
void sluice_ffmpeg_silence(void);

/// Text of an error code; writes at most `count` bytes, the last a 0.
void sluice_ffmpeg_error_text(int code, char *text, size_t count);

/// Names the calling thread (15 characters at most) and lowers its priority by `nice` steps, where the system can.
void sluice_thread_settle(const char *name, int nice);

/// A packet whose `data` is borrowed: valid only as long as the caller's memory. A muxer fed by av_write_frame copies what it
/// keeps.
void sluice_packet_borrow(AVPacket *packet, const void *bytes, int count);

#endif
