using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>A kernel with its arguments, which are set once; its handle is the address of their block.</summary>
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

    /// <summary>Gives the kernel to the stream: so many groups.</summary>
    public void Launch(Size3 groups) => Launch(groups, Context.Stream);

    /// <summary>As <see cref="Launch(Size3)"/>, with the time that it takes; owned by the caller.</summary>
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

    /// <summary>As <see cref="Launch(Size3)"/>, for a stream that a <see cref="CudaGraph"/> is made from.</summary>
    internal void Launch(Size3 groups, nint stream)
    {
        CheckGroups(groups);
        // The driver would let it read memory that is not there.
        foreach (CudaBuffer buffer in _buffers)
            if (buffer.IsDisposed) throw new ObjectDisposedException(buffer.Name, $"Kernel '{Name}' has an argument in buffer '{buffer.Name}', which was disposed of.");
        Context.Enter();
        int code = Api.LaunchKernel(_function, (uint)groups.X, (uint)groups.Y, (uint)groups.Z, (uint)_group.X, (uint)_group.Y, (uint)_group.Z,
            0, stream, (void**)Handle, null);
        if (code != CudaApi.Success) throw Context.Failure(code, "cuLaunchKernel", Name, CudaErrors.Shape(groups, _group));
        if (stream == Context.Stream) Context.Launched(Module.Source, groups);
    }

    protected override void Release(nint handle) => NativeMemory.AlignedFree((void*)handle);

    /// <summary>Its memory is the host's; for a kernel that was launched, the driver has copied it.</summary>
    private static nint Pack(CudaContext context, CudaModule module, CudaArguments arguments, out CudaBuffer[] buffers)
    {
        string name = module.Source.Name;
        module.CheckParameters(arguments);
        // A view of nothing is a null pointer.
        buffers = [.. arguments.Views.Where(view => view.Memory != 0 || view.Bytes != 0).Select(view => Owner(context, name, view)).Distinct()];
        return arguments.Pack();
    }

    private static CudaBuffer Owner(CudaContext context, string kernel, CudaArguments.Part view)
    {
        CudaBuffer buffer = context.BufferAt(view.Memory)
            ?? throw new ArgumentException($"Argument {view.Index} of kernel '{kernel}' is no memory of the CUDA device '{context.Device.Name}', or was disposed of.");
        if (view.Offset < 0 || view.Bytes > buffer.Bytes - view.Offset)
        {
            throw new ArgumentException(
                $"Argument {view.Index} of kernel '{kernel}' reaches {view.Bytes} bytes at {view.Offset} of buffer '{buffer.Name}', which has {buffer.Bytes}.");
        }
        // Elements that are structs are aligned as their largest number is, which 16 bytes at most are.
        int alignment = Math.Min(16, view.Element & -view.Element);
        return view.Offset % alignment == 0
            ? buffer
            : throw new ArgumentException($"Argument {view.Index} of kernel '{kernel}' starts at byte {view.Offset} of buffer '{buffer.Name}', which is not a multiple of {alignment}.");
    }

    private void CheckGroups(Size3 groups)
    {
        if (groups.X < 1 || groups.Y < 1 || groups.Z < 1)
            throw new ArgumentOutOfRangeException(nameof(groups), groups, $"Kernel '{Name}' needs at least one group in each dimension.");
        Size3 most = Context.Device.MaxGroups;
        if (groups.X > most.X || groups.Y > most.Y || groups.Z > most.Z)
        {
            throw new GpuCnnException(
                $"Kernel '{Name}' was to run in {CudaErrors.Product(groups)} groups, but the CUDA device '{Context.Device.Name}' runs at most {CudaErrors.Product(most)}. Use a smaller batch.");
        }
    }
}
