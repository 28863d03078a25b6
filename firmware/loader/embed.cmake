# cmake -DFLAT=loader.bin -DPACKED=loader.zst -DSOURCE=loader_image.S -P embed.cmake
# Compresses the flat binary and writes the assembler source that holds it (firmware/abi/image.h).
file(ARCHIVE_CREATE OUTPUT ${PACKED} PATHS ${FLAT} FORMAT raw COMPRESSION Zstd COMPRESSION_LEVEL 9)
file(SIZE ${FLAT} FLAT_BYTES)
file(SIZE ${PACKED} PACKED_BYTES)
if(PACKED_BYTES GREATER 65536)
	message(FATAL_ERROR "the loader takes ${PACKED_BYTES} bytes of mote; at most 64 KiB")
endif()
file(WRITE ${SOURCE} "	.section .rodata.loader_image, \"a\"
	.globl loader_image, loader_image_end
loader_image:
	.incbin \"${PACKED}\"
	.long ${FLAT_BYTES}
loader_image_end:
	.section .note.GNU-stack, \"\", @progbits
")
