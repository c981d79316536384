using System.Collections.Concurrent;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// One device and its stream. Commands run in the order they are given. All members are thread-safe; each object that the context creates
/// has one owner. Uses the device's primary context, which other libraries of the process share, or a context of such a library.
/// </summary>
internal sealed unsafe class CudaContext : IDisposable
{
    private readonly ConcurrentDictionary<CudaObject, bool> _objects = new();
    private readonly ConcurrentDictionary<nint, CudaBuffer> _buffers = new();
    private readonly CudaErrors _errors;
    private readonly bool _isOwned;
    private readonly NvrtcTarget? _compiler;
    private readonly CudaModules? _modules;
    private long _allocated;
    private nint _handle;
    private nint _stream;
    private object? _lastLaunched;
    private Size3 _lastGroups;

    /// <param name="cache">Store of compiled kernels; by default in the user's cache folder.</param>
    /// <exception cref="DeviceUnavailableException">The device is in exclusive use or was just removed.</exception>
    public CudaContext(CudaDeviceInfo device, BinaryCache? cache = null)
    {
        Device = device;
        _isOwned = true;
        _compiler = device.Compiler
            ?? throw new DeviceUnavailableException($"The CUDA device '{device.Name}' cannot be used: {device.CompilerReason}.");
        _errors = new CudaErrors(Api, device.Name);

        nint handle, stream = 0;
        int code = Api.PrimaryContextRetain(&handle, device.Handle);
        // Older drivers report "invalid device" (101) when another process has exclusive use of the device.
        if (code is CudaCodes.DeviceUnavailable or CudaCodes.ContextInUse or CudaCodes.OutOfMemory or 101)
        {
            throw new DeviceUnavailableException(
                $"The CUDA device '{device.Name}' cannot be used now: cuDevicePrimaryCtxRetain gave {Api.Describe(code)}. "
                + "End other programs that use it, or use another device.");
        }
        Check(code, "cuDevicePrimaryCtxRetain");
        string call = "cuCtxSetCurrent";
        code = Api.ContextSetCurrent(handle);
        if (code == CudaApi.Success)
        {
            call = "cuStreamCreate";
            code = Api.StreamCreate(&stream, CudaApi.NonBlockingStream);
        }
        if (code != CudaApi.Success)
        {
            _ = Api.PrimaryContextRelease(device.Handle);
            throw Failure(code, call);
        }
        _handle = handle;
        _stream = stream;
        SmallWrites = new CudaSmallWrites(this);
        _modules = new CudaModules(this, cache ?? new BinaryCache(BinaryCache.DefaultFolder("cuda")));
    }

    /// <summary>Uses a context and a stream that another library owns, whose kernels it has. They must live longer.</summary>
    /// <param name="handle">The driver's context.</param>
    /// <param name="stream">A stream of it that does not wait for the default stream.</param>
    public CudaContext(CudaDeviceInfo device, nint handle, nint stream)
    {
        Device = device;
        _errors = new CudaErrors(Api, device.Name);
        (_handle, _stream) = (handle, stream);
        SmallWrites = new CudaSmallWrites(this);
    }

    public CudaDeviceInfo Device { get; }

    public NvrtcTarget Compiler => _compiler ?? throw NotOwned();

    /// <summary>Compiled kernels; the context owns them.</summary>
    public CudaModules Modules => _modules ?? throw NotOwned();

    /// <summary>Copies small values without waiting.</summary>
    internal CudaSmallWrites SmallWrites { get; }

    /// <summary>Bytes of buffers allocated now. Staging memory is on the host and does not count.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocated);

    /// <summary>Objects of this context that are not disposed of, one line each.</summary>
    public IReadOnlyList<string> LiveObjects => [.. _objects.Keys.Select(item => item.ToString()).Order(StringComparer.Ordinal)];

    internal CudaApi Api => Device.Api;

    internal nint Handle => _handle;

    internal nint Stream => _stream;

    private string? LastLaunch => _lastLaunched switch
    {
        CudaSource source => $"'{source.Name}' ({CudaErrors.Shape(_lastGroups, source.Group)})",
        CudaGraph graph => $"one of the graph '{graph.Name}'",
        _ => null,
    };

    /// <summary>Allocates zeroed device memory, owned by the caller.</summary>
    /// <param name="what">Purpose of the memory, for messages.</param>
    /// <exception cref="DeviceOutOfMemoryException">Not enough free memory, or none contiguous.</exception>
    public CudaBuffer Allocate(long bytes, string what) => new(this, bytes, what);

    /// <summary>Allocates host memory for asynchronous copies, owned by the caller.</summary>
    public CudaStaging AllocateStaging(long bytes, string what) => new(this, bytes, what);

    /// <summary>Binds a kernel's arguments, and compiles it if needed. The caller owns the result.</summary>
    /// <exception cref="KernelBuildException">The compiler refused the kernel.</exception>
    public CudaKernel Prepare<TKernel>(in TKernel kernel) where TKernel : struct, IKernel
    {
        var arguments = new CudaArguments();
        kernel.Bind(ref arguments);
        return Modules.Get(CudaSource.Of(kernel)).CreateKernel(arguments);
    }

    /// <summary>Returns an event that completes after all commands given to the stream before it. The caller owns it.</summary>
    /// <param name="timed">Whether the event records its time.</param>
    public CudaEvent Mark(bool timed = false) => new(this, timed, "marker");

    /// <summary>Waits until all commands have run.</summary>
    /// <exception cref="DeviceLostException">A command failed.</exception>
    public void Finish()
    {
        Enter();
        Check(Api.StreamSynchronize(_stream), "cuStreamSynchronize");
    }

    /// <summary>Returns the memory that is free for all programs, or null if the driver does not report it.</summary>
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
        SmallWrites.Dispose();
        // Others may keep the primary context alive, and with it anything not freed here.
        foreach (CudaObject item in _objects.Keys) item.Dispose();
        if (_isOwned)
        {
            _modules?.Dispose();
            _ = Api.StreamDestroy(_stream);
            _ = Api.ContextSetCurrent(0);
            _ = Api.PrimaryContextRelease(Device.Handle);
        }
        _stream = _handle = 0;
    }

    private static InvalidOperationException NotOwned() => new("The context is another library's, which compiles its kernels.");

    /// <summary>Makes the context current for the thread. Required before each driver call.</summary>
    internal void Enter()
    {
        ObjectDisposedException.ThrowIf(_handle == 0, this);
        Check(Api.ContextSetCurrent(_handle), "cuCtxSetCurrent");
    }

    /// <summary>Does the same as <see cref="Enter"/>, but ignores failures, for releasing resources.</summary>
    internal void TryEnter() => _ = Api.ContextSetCurrent(_handle);

    internal void Check(int code, string call)
    {
        if (code != CudaApi.Success) throw Failure(code, call);
    }

    internal GpuCnnException Failure(int code, string call, string? kernel = null, string? shape = null) =>
        _errors.From(code, call, kernel, shape, LastLaunch);

    /// <summary>
    /// Notes the last launch for messages about a lost device. Concurrent launches may mix its fields, which affects only messages.
    /// </summary>
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

    /// <summary>Returns the buffer at a device address, or null.</summary>
    internal CudaBuffer? BufferAt(nint address) => _buffers.GetValueOrDefault(address);

    /// <summary>Makes the exception for an allocation that the driver refused.</summary>
    internal GpuCnnException Refused(long bytes, string what, string call, int code)
    {
        if (code != CudaCodes.OutOfMemory) return Failure(code, call);
        string inUse = $"{CudaErrors.MiB(AllocatedBytes)} of {CudaErrors.MiB(Device.MemoryBytes)} are in use here";
        return _errors.OutOfMemory(
            bytes, what, $"{call} gave {Api.Describe(code)}; {inUse}, and other programs may hold the rest", FreeBytes());
    }
}
