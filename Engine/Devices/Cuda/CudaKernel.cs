using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>A kernel with fixed arguments; the handle is the address of their block.</summary>
internal sealed unsafe class CudaKernel : CudaObject
{
    private readonly CudaBuffer[] _buffers;
    private readonly Size3 _group;
    private readonly nint _function;

    internal CudaKernel(CudaContext context, CudaModule module, CudaArguments arguments)
        : base(context, Pack(context, module, arguments, out CudaBuffer[] buffers), module.Source.Name)
    {
        Module = module;
        _buffers = buffers;
        _group = module.Source.Group;
        _function = module.Function;
    }

    public CudaModule Module { get; }

    /// <summary>Queues the kernel with <paramref name="groups"/> groups.</summary>
    public void Launch(Size3 groups) => Launch(groups, Context.Stream);

    /// <summary>Does the same as <see cref="Launch(Size3)"/> and measures the time. The caller owns the result.</summary>
    public CudaTiming LaunchTimed(Size3 groups)
    {
        CudaEvent started = Context.Mark(timed: true);
        try
        {
            Launch(groups);
            return new CudaTiming(started, Context.Mark(timed: true));
        }
        catch
        {
            started.Dispose();
            throw;
        }
    }

    /// <summary>Does the same as <see cref="Launch(Size3)"/> on a stream that a <see cref="CudaGraph"/> is recorded from.</summary>
    internal void Launch(Size3 groups, nint stream)
    {
        CheckGroups(groups);
        // The driver would not notice, and the kernel would access freed memory.
        foreach (CudaBuffer buffer in _buffers)
            if (buffer.IsDisposed)
                throw new ObjectDisposedException(
                    buffer.Name, $"Kernel '{Name}' has an argument in buffer '{buffer.Name}', which was disposed of.");
        Context.Enter();
        int code = Api.LaunchKernel(
            _function, (uint)groups.X, (uint)groups.Y, (uint)groups.Z, (uint)_group.X, (uint)_group.Y, (uint)_group.Z,
            (uint)Module.Source.SharedBytes, stream, (void**)Handle, null);
        if (code != CudaApi.Success) throw Context.Failure(code, "cuLaunchKernel", Name, CudaErrors.Shape(groups, _group));
        if (stream == Context.Stream) Context.Launched(Module.Source, groups);
    }

    protected override void Release(nint handle) => NativeMemory.AlignedFree((void*)handle);

    /// <summary>Packs the arguments in host memory. A launch copies it, so it can be freed while the kernel runs.</summary>
    private static nint Pack(CudaContext context, CudaModule module, CudaArguments arguments, out CudaBuffer[] buffers)
    {
        string name = module.Source.Name;
        module.CheckParameters(arguments);
        // An empty view is a null pointer.
        buffers =
        [
            .. arguments.Views.Where(view => view.Memory != 0 || view.Bytes != 0).Select(view => Owner(context, name, view)).Distinct(),
        ];
        return arguments.Pack();
    }

    private static CudaBuffer Owner(CudaContext context, string kernel, CudaArguments.Part view)
    {
        CudaBuffer buffer = context.BufferAt(view.Memory)
            ?? throw new ArgumentException(
                $"Argument {view.Index} of kernel '{kernel}' is not memory of the CUDA device '{context.Device.Name}', "
                + "or was disposed of.");
        if (view.Offset < 0 || view.Bytes > buffer.Bytes - view.Offset)
        {
            throw new ArgumentException(
                $"Argument {view.Index} of kernel '{kernel}' covers {view.Bytes} bytes at {view.Offset} of buffer '{buffer.Name}', "
                + $"which has {buffer.Bytes}.");
        }
        // A struct is aligned like its largest number, to at most 16 bytes.
        int alignment = Math.Min(16, view.Element & -view.Element);
        return view.Offset % alignment == 0
            ? buffer
            : throw new ArgumentException(
                $"Argument {view.Index} of kernel '{kernel}' starts at byte {view.Offset} of buffer '{buffer.Name}', "
                + $"which is not a multiple of {alignment}.");
    }

    private void CheckGroups(Size3 groups)
    {
        if (groups.X < 1 || groups.Y < 1 || groups.Z < 1)
            throw new ArgumentOutOfRangeException(nameof(groups), groups, $"Kernel '{Name}' needs at least one group in each dimension.");
        Size3 most = Context.Device.MaxGroups;
        if (groups.X > most.X || groups.Y > most.Y || groups.Z > most.Z)
        {
            throw new GpuCnnException(
                $"Kernel '{Name}' needs {CudaErrors.Product(groups)} groups, but the CUDA device '{Context.Device.Name}' runs at most "
                + $"{CudaErrors.Product(most)}. Use a smaller batch.");
        }
    }
}
