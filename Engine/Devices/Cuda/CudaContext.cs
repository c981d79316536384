using System.Collections.Concurrent;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// One device with its stream. Commands run in the order in which they are given. All members may be called from any thread; objects
/// that come out of it have one owner each. It is the device's primary context, which other libraries of the process share.
/// </summary>
internal sealed unsafe class CudaContext : IDisposable
{
    /// <summary>Does not wait for the default stream, where other libraries work.</summary>
    private const uint NonBlockingStream = 1;

    private readonly ConcurrentDictionary<CudaObject, bool> _objects = new();
    private readonly ConcurrentDictionary<nint, CudaBuffer> _buffers = new();
    private readonly CudaErrors _errors;
    private long _allocated;
    private nint _handle;
    private nint _stream;
    private object? _lastLaunched;
    private Size3 _lastGroups;

    /// <param name="cache">Where compiled kernels are kept; by default in the user's cache folder.</param>
    /// <exception cref="DeviceUnavailableException">The device is taken, or was just removed.</exception>
    public CudaContext(CudaDeviceInfo device, BinaryCache? cache = null)
    {
        Device = device;
        Compiler = device.Compiler ?? throw new DeviceUnavailableException($"The CUDA device '{device.Name}' cannot be used: {device.CompilerReason}.");
        _errors = new CudaErrors(Api, device.Name);

        nint handle, stream = 0;
        int code = Api.PrimaryContextRetain(&handle, device.Handle);
        // Invalid device is what older drivers say of one whose compute mode keeps others out.
        if (code is CudaCodes.DeviceUnavailable or CudaCodes.ContextInUse or CudaCodes.OutOfMemory or 101)
        {
            throw new DeviceUnavailableException(
                $"The CUDA device '{device.Name}' cannot be used now: cuDevicePrimaryCtxRetain gave {Api.Describe(code)}. End other programs that use it, or use another device.");
        }
        Check(code, "cuDevicePrimaryCtxRetain");
        string call = "cuCtxSetCurrent";
        code = Api.ContextSetCurrent(handle);
        if (code == CudaApi.Success)
        {
            call = "cuStreamCreate";
            code = Api.StreamCreate(&stream, NonBlockingStream);
        }
        if (code != CudaApi.Success)
        {
            _ = Api.PrimaryContextRelease(device.Handle);
            throw Failure(code, call);
        }
        _handle = handle;
        _stream = stream;
        Modules = new CudaModules(this, cache ?? new BinaryCache(BinaryCache.DefaultFolder("cuda")));
    }

    public CudaDeviceInfo Device { get; }

    public NvrtcTarget Compiler { get; }

    /// <summary>Compiled kernels; the context owns them.</summary>
    public CudaModules Modules { get; }

    /// <summary>Bytes of buffers that are allocated now; staging memory is the host's and does not count.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocated);

    /// <summary>What has come out of this context and was not disposed of, one line each.</summary>
    public IReadOnlyList<string> LiveObjects => [.. _objects.Keys.Select(item => item.ToString()).Order(StringComparer.Ordinal)];

    internal CudaApi Api => Device.Api;

    internal nint Stream => _stream;

    private string? LastLaunch => _lastLaunched switch
    {
        CudaSource source => $"'{source.Name}' ({CudaErrors.Shape(_lastGroups, source.Group)})",
        CudaGraph graph => $"one of the graph '{graph.Name}'",
        _ => null,
    };

    /// <summary>Zeroed memory of the device, owned by the caller.</summary>
    /// <param name="what">What it is for, in messages.</param>
    /// <exception cref="DeviceOutOfMemoryException">There is not so much, or not in one piece.</exception>
    public CudaBuffer Allocate(long bytes, string what) => new(this, bytes, what);

    /// <summary>Memory of the host that the device copies from and to without waiting, owned by the caller.</summary>
    public CudaStaging AllocateStaging(long bytes, string what) => new(this, bytes, what);

    /// <summary>A kernel with its arguments, compiled where it is not known yet; owned by the caller.</summary>
    /// <exception cref="KernelBuildException">The compiler refused it.</exception>
    public CudaKernel Prepare<TKernel>(in TKernel kernel) where TKernel : struct, IKernel
    {
        var arguments = new CudaArguments();
        kernel.Bind(ref arguments);
        return Modules.Get(CudaSource.Of(kernel)).CreateKernel(arguments);
    }

    /// <summary>An event that is complete when all that was given to the stream before it is; owned by the caller.</summary>
    /// <param name="timed">Whether the time between it and others can be asked for.</param>
    public CudaEvent Mark(bool timed = false) => new(this, timed, "marker");

    /// <summary>Waits until everything has run.</summary>
    /// <exception cref="DeviceLostException">It has not.</exception>
    public void Finish()
    {
        Enter();
        Check(Api.StreamSynchronize(_stream), "cuStreamSynchronize");
    }

    /// <summary>What the driver says is free for all programs together, or null where it does not say.</summary>
    public long? FreeBytes()
    {
        Enter();
        nuint free, total;
        return Api.MemGetInfo(&free, &total) == CudaApi.Success ? (long)free : null;
    }

    public void Dispose()
    {
        if (_handle == 0) return;
        TryEnter();
        _ = Api.StreamSynchronize(_stream);
        // The primary context may live on in other hands, and with it what is not freed here.
        foreach (CudaObject item in _objects.Keys) item.Dispose();
        Modules.Dispose();
        _ = Api.StreamDestroy(_stream);
        _ = Api.ContextSetCurrent(0);
        _ = Api.PrimaryContextRelease(Device.Handle);
        _stream = _handle = 0;
    }

    /// <summary>To be called before each call of the driver: makes the context the thread's own.</summary>
    internal void Enter()
    {
        ObjectDisposedException.ThrowIf(_handle == 0, this);
        Check(Api.ContextSetCurrent(_handle), "cuCtxSetCurrent");
    }

    /// <summary>As <see cref="Enter"/>, for what is released come what may.</summary>
    internal void TryEnter() => _ = Api.ContextSetCurrent(_handle);

    internal void Check(int code, string call)
    {
        if (code != CudaApi.Success) throw Failure(code, call);
    }

    internal GpuCnnException Failure(int code, string call, string? kernel = null, string? shape = null) =>
        _errors.From(code, call, kernel, shape, LastLaunch);

    /// <summary>Keeps what messages say of a device that is lost. Two threads that launch may mix it up, and nothing else.</summary>
    internal void Launched(CudaSource kernel, Size3 groups)
    {
        _lastLaunched = kernel;
        _lastGroups = groups;
    }

    internal void Launched(CudaGraph graph) => _lastLaunched = graph;

    internal void Remember(CudaObject item) => _objects[item] = true;

    internal void Forget(CudaObject item) => _objects.TryRemove(item, out _);

    internal void Allocated(CudaBuffer buffer)
    {
        _buffers[buffer.Handle] = buffer;
        Interlocked.Add(ref _allocated, buffer.Capacity);
    }

    internal void Freed(CudaBuffer buffer, nint address)
    {
        _buffers.TryRemove(new(address, buffer));
        Interlocked.Add(ref _allocated, -buffer.Capacity);
    }

    /// <summary>The buffer that starts at an address of the device, or null.</summary>
    internal CudaBuffer? BufferAt(nint address) => _buffers.GetValueOrDefault(address);

    /// <summary>For memory that the driver refused.</summary>
    internal GpuCnnException Refused(long bytes, string what, string call, int code)
    {
        if (code != CudaCodes.OutOfMemory) return Failure(code, call);
        string inUse = $"{CudaErrors.MiB(AllocatedBytes)} of {CudaErrors.MiB(Device.MemoryBytes)} are in use here";
        return _errors.OutOfMemory(bytes, what, $"{call} gave {Api.Describe(code)}; {inUse}, and other programs may hold the rest", FreeBytes());
    }
}
