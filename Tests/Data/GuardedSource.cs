using System.Runtime.InteropServices;
using GpuCnn.Data;

namespace GpuCnn.Tests.Data;

/// <summary>
/// Memory that ends at an inaccessible page: reading or writing a byte past the slack ends the process. Another such page lies before the
/// first byte, less than a page away.
/// </summary>
internal sealed unsafe partial class GuardedSource : ScratchSource
{
    private const nuint Page = 4096;
    private const int ReadWrite = 3, PrivateAnonymous = 0x22;

    private readonly Dictionary<nint, nuint> _mapped = [];

    /// <summary>Largest number of bytes allocated at a time.</summary>
    public nuint Largest { get; private set; }

    /// <summary>Sizes are exact, so that every request is tested at its end.</summary>
    public override bool Suffices(nuint size, nuint needed) => size == needed;

    public override nuint Grow(nuint needed) => needed;

    public override byte* Allocate(nuint bytes)
    {
        Largest = Math.Max(Largest, bytes);
        nuint aligned = (bytes + 63) & ~(nuint)63, body = (aligned + Page - 1) & ~(Page - 1), whole = body + 2 * Page;
        nint start = mmap(0, whole, ReadWrite, PrivateAnonymous, -1, 0);
        if (start == -1 || mprotect(start, Page, 0) != 0 || mprotect(start + (nint)(Page + body), Page, 0) != 0)
            throw new OutOfMemoryException();
        byte* memory = (byte*)start + Page + (body - aligned);
        // Using memory before writing it shows as a difference between two runs.
        new Span<byte>(memory, (int)Math.Min(bytes, int.MaxValue)).Fill(0xA5);
        lock (_mapped) _mapped[(nint)memory] = whole;
        return memory;
    }

    public override void Free(byte* memory)
    {
        if (memory is null) return;
        nuint whole;
        lock (_mapped)
        {
            whole = _mapped[(nint)memory];
            _mapped.Remove((nint)memory);
        }
        nint start = ((nint)memory & ~((nint)Page - 1)) - (nint)Page;
        munmap(start, whole);
    }

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc")]
    private static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc")]
    private static partial int munmap(nint address, nuint length);
}
