namespace GpuCnn.Kernels.Language;

/// <summary>
/// Detects arguments that overlap while one of them is written. Compilers assume that this never happens and reorder loads and stores.
/// </summary>
public struct ArgumentOverlap : IKernelArguments
{
    private readonly List<(nint Memory, nint First, nint Last, bool Written)> _views = [];
    private bool _found;

    public ArgumentOverlap() { }

    /// <summary>Returns whether views of this instance overlap although the kernel is not marked in-place.</summary>
    public static bool Has<TKernel>(in TKernel kernel) where TKernel : struct, IKernel
    {
        if (TKernel.Text.InPlace) return false;
        var check = new ArgumentOverlap();
        kernel.Bind(ref check);
        return check._found;
    }

    public void Add<T>(View<T> view) where T : unmanaged => Add<T>(view.Memory, view.Offset, view.Length, true);

    public void Add<T>(ReadOnlyView<T> view) where T : unmanaged => Add<T>(view.Memory, view.Offset, view.Length, false);

    public readonly void Add<T>(T value) where T : unmanaged { }

    private unsafe void Add<T>(nint memory, nint offset, int length, bool written) where T : unmanaged
    {
        nint last = offset + (nint)length * sizeof(T);
        foreach ((nint otherMemory, nint otherFirst, nint otherLast, bool otherWritten) in _views)
            _found |= (written || otherWritten) && memory == otherMemory && offset < otherLast && otherFirst < last;
        _views.Add((memory, offset, last, written));
    }
}
