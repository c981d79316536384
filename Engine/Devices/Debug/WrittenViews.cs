using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Debug;

/// <summary>
/// Keeps the previous contents of a kernel's writable views, to detect results computed from unset memory. NaN keeps its bits through
/// arithmetic, and arithmetic never creates a NaN with the bits of unset memory.
/// </summary>
internal sealed unsafe class WrittenViews : IKernelArguments
{
    /// <summary>Contents of device memory before anything is written to it: not the same NaN as in shared and local memory.</summary>
    public const uint Unwritten = 0xFFFFFFFE;

    private const uint Unset = KernelMemory.Unset * 0x01010101u;

    private readonly List<(nint Address, byte[] Before, bool IsFloat)> _views = [];

    public void Add<T>(View<T> view) where T : unmanaged
    {
        nint address = view.Memory + view.Offset;
        byte[] before = new ReadOnlySpan<byte>((void*)address, checked(view.Length * sizeof(T))).ToArray();
        _views.Add((address, before, typeof(T) == typeof(float)));
    }

    public void Add<T>(ReadOnlyView<T> view) where T : unmanaged { }

    public void Add<T>(T value) where T : unmanaged { }

    /// <summary>Returns address and index of the first float that was a number before and now holds unset bits, or 0.</summary>
    public (nint Address, int Index) FirstUnset()
    {
        foreach ((nint address, byte[] before, bool isFloat) in _views)
        {
            if (!isFloat) continue;
            ReadOnlySpan<uint> now = new((void*)address, before.Length / sizeof(uint)), then = MemoryMarshal.Cast<byte, uint>(before);
            for (int i = now.IndexOfAny(Unset, Unwritten); i >= 0 && i < now.Length; i++)
                if (now[i] is Unset or Unwritten && then[i] is not (Unset or Unwritten)) return (address + i * sizeof(uint), i);
        }
        return (0, 0);
    }

    public void Restore()
    {
        foreach ((nint address, byte[] before, _) in _views) before.CopyTo(new Span<byte>((void*)address, before.Length));
    }

    public static bool IsUnset(nint address) => *(uint*)address is Unset or Unwritten;
}
