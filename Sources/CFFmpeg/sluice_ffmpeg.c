#include "sluice_ffmpeg.h"

#include <stdarg.h>

static void discard(void *context, int level, const char *format, va_list arguments) {
    (void)context;
    (void)level;
    (void)format;
    (void)arguments;
}

void sluice_ffmpeg_silence(void) {
    av_log_set_level(AV_LOG_QUIET);
    av_log_set_callback(discard);
}

void sluice_ffmpeg_error_text(int code, char *text, size_t count) { av_strerror(code, text, count); }

void sluice_packet_borrow(AVPacket *packet, const void *bytes, int count) {
    packet->buf = NULL;
    packet->data = (uint8_t *)bytes;
    packet->size = count;
}
