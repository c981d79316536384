using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// Sets a kernel's arguments on its compiled form. A view's memory is the handle of an <see cref="OpenClBuffer"/>, and its offset is in
/// bytes within that buffer. A view without memory and elements becomes a null pointer.
/// </summary>
internal unsafe struct OpenClArguments : IKernelArguments
{
    private readonly OpenClKernel _target;
    private int _count;

    private OpenClArguments(OpenClKernel target) => _target = target;

    /// <summary>Sets all arguments. They stay set between launches.</summary>
    /// <exception cref="ArgumentException">
    /// A view lies outside its buffer or does not begin at a whole element, its memory is not a buffer of this context, or a written view
    /// overlaps another argument.
    /// </exception>
    public static void Bind<TKernel>(OpenClKernel target, in TKernel kernel) where TKernel : struct, IKernel
    {
        if (ArgumentOverlap.Has(kernel))
            throw new ArgumentException(
                $"Kernel '{target.Name}': a view that it writes overlaps another argument; "
                + "give it memory of its own, or mark the kernel InPlace.");
        var arguments = new OpenClArguments(target);
        kernel.Bind(ref arguments);
        if (arguments._count != target.Arguments)
            throw new ArgumentException(
                $"Kernel '{target.Name}' has {target.Arguments} arguments, but {TKernel.Text.Name} hands over {arguments._count}.",
                nameof(target));
    }

    public void Add<T>(View<T> view) where T : unmanaged => AddView<T>(view.Memory, view.Offset, view.Length);

    public void Add<T>(ReadOnlyView<T> view) where T : unmanaged => AddView<T>(view.Memory, view.Offset, view.Length);

    public void Add<T>(T value) where T : unmanaged => _target.Set(_count++, value);

    private void AddView<T>(nint memory, nint offset, int length) where T : unmanaged
    {
        if (memory == 0 && length == 0)
        {
            _target.SetNone(_count++);
            _target.Set(_count++, 0L);
            return;
        }
        string place = $"Argument {_count} of kernel '{_target.Name}', a view of {length} {typeof(T).Name} at byte {offset},";
        if (_target.Context.Buffer(memory) is not { } buffer)
            throw new ArgumentException($"{place} expects memory of a buffer in this context, but got {memory:x}.");
        if (offset < 0 || offset + (long)length * sizeof(T) > buffer.Bytes)
            throw new ArgumentException($"{place} lies outside of buffer '{buffer.Name}', which has {buffer.Bytes} bytes.");
        if (offset % sizeof(T) != 0) throw new ArgumentException($"{place} must begin at a multiple of {sizeof(T)} bytes.");
        _target.Set(_count++, buffer);
        _target.Set(_count++, (long)offset / sizeof(T));
    }
}
