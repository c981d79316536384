using System.Runtime.InteropServices;

namespace GpuCnn.Data;

/// <summary>Allocates scratch memory. Tests provide memory that is followed by inaccessible pages.</summary>
internal abstract unsafe class ScratchSource
{
    /// <summary>Allocates from the process, aligned to 64 bytes.</summary>
    public static ScratchSource Default { get; } = new AlignedSource();

    /// <summary>Whether a block of <paramref name="size"/> bytes is kept for a request of <paramref name="needed"/>.</summary>
    public abstract bool Suffices(nuint size, nuint needed);

    /// <summary>Size to allocate for a request that the current block does not suffice for, at least <paramref name="needed"/>.</summary>
    public abstract nuint Grow(nuint needed);

    /// <summary>Allocates this many bytes, of arbitrary content.</summary>
    public abstract byte* Allocate(nuint bytes);

    public abstract void Free(byte* memory);

    private sealed class AlignedSource : ScratchSource
    {
        /// <summary>A larger block is freed once much less is asked for, so that one huge picture does not keep its memory.</summary>
        private const nuint KeptBytes = 64 << 20;

        public override bool Suffices(nuint size, nuint needed) => needed <= size && (size <= KeptBytes || needed >= size / 4);

        public override nuint Grow(nuint needed) => needed > KeptBytes ? needed : needed + needed / 4;

        public override byte* Allocate(nuint bytes) => (byte*)NativeMemory.AlignedAlloc(bytes, 64);

        public override void Free(byte* memory) => NativeMemory.AlignedFree(memory);
    }
}

/// <summary>
/// Memory that grows and is reused, for one thread. <see cref="Slack"/> bytes more than asked for may be read and written, so that vectors
/// need not stop at the end.
/// </summary>
internal sealed unsafe class ScratchBuffer(ScratchSource source) : IDisposable
{
    public const int Slack = 64;

    private byte* _memory;
    private nuint _size;

    ~ScratchBuffer() => source.Free(_memory);

    /// <summary>Provides <paramref name="bytes"/> bytes of arbitrary content, valid until the next call.</summary>
    public byte* Take(long bytes)
    {
        nuint needed = checked((nuint)bytes + Slack);
        if (_memory is not null && source.Suffices(_size, needed)) return _memory;
        nuint size = source.Grow(needed);
        source.Free(_memory);
        _memory = null;
        _size = 0;
        _memory = source.Allocate(size);
        _size = size;
        return _memory;
    }

    public void Dispose()
    {
        source.Free(_memory);
        _memory = null;
        _size = 0;
        GC.SuppressFinalize(this);
    }
}
