using System.Collections.Concurrent;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// One device and its queue. Commands run in the order they are given. All members are thread-safe; each object that the context creates
/// has one owner. Only a kernel must not be used by two threads at once. The driver's context is its own, or that of another library of the
/// process.
/// </summary>
internal sealed unsafe class OpenClContext : IDisposable
{
    private const nint PlatformProperty = 0x1084;
    private const ulong ProfilingQueue = 2;
    private const uint FreeMemoryAmd = 0x4039;

    private readonly ConcurrentDictionary<OpenClObject, bool> _objects = new();
    private readonly ConcurrentDictionary<nint, OpenClBuffer> _buffers = new();
    private readonly OpenClErrors _errors;
    private readonly long _memoryLimit;
    private readonly bool _tellsFreeMemory, _isOwned;
    private long _allocated;
    private nint _handle;
    private nint _queue;
    private OpenClSource? _lastKernel;
    private OpenClSize _lastGroups;

    /// <param name="profiling">Whether events record times, which slows some drivers a little.</param>
    /// <param name="cache">Store of compiled programs; by default in the user's cache folder.</param>
    /// <param name="memoryLimit">Most bytes to allocate; by default the device's memory.</param>
    /// <exception cref="DeviceUnavailableException">The device is in exclusive use or was just removed.</exception>
    public OpenClContext(OpenClDeviceInfo device, bool profiling = false, BinaryCache? cache = null, long? memoryLimit = null)
    {
        Device = device;
        IsProfiling = profiling;
        _isOwned = true;
        _memoryLimit = Math.Min(memoryLimit ?? long.MaxValue, device.GlobalMemoryBytes);
        _tellsFreeMemory = device.Extensions.Contains("cl_amd_device_attribute_query");
        _errors = new OpenClErrors(device.Name);

        nint* properties = stackalloc nint[] { PlatformProperty, device.PlatformHandle, 0 };
        nint deviceHandle = device.Handle;
        int code;
        _handle = Api.CreateContext(properties, 1, &deviceHandle, null, null, &code);
        if (code is OpenClCodes.DeviceNotAvailable or OpenClCodes.OutOfResources)
        {
            throw new DeviceUnavailableException(
                $"The OpenCL device '{device.Name}' cannot be used now: clCreateContext gave {OpenClCodes.Describe(code)}. "
                + "End other programs that use it, or use another device.");
        }
        Check(code, "clCreateContext");
        _queue = Api.CreateCommandQueue(_handle, deviceHandle, profiling ? ProfilingQueue : 0, &code);
        if (code != OpenClApi.Success)
        {
            _ = Api.ReleaseContext(_handle);
            throw Failure(code, "clCreateCommandQueue");
        }
        SmallWrites = new OpenClSmallWrites(this);
        Programs = new OpenClPrograms(this, cache ?? new BinaryCache(BinaryCache.DefaultFolder("opencl")));
    }

    /// <summary>Uses a context and a queue that another library owns, whose kernels it has. They must live longer.</summary>
    /// <param name="handle">The driver's context.</param>
    /// <param name="queue">A queue of it that runs commands in order.</param>
    public OpenClContext(OpenClDeviceInfo device, nint handle, nint queue)
    {
        Device = device;
        _memoryLimit = device.GlobalMemoryBytes;
        _errors = new OpenClErrors(device.Name);
        (_handle, _queue) = (handle, queue);
        SmallWrites = new OpenClSmallWrites(this);
        Programs = new OpenClPrograms(this, new BinaryCache(null));
    }

    public OpenClDeviceInfo Device { get; }

    public bool IsProfiling { get; }

    /// <summary>Compiled programs; the context owns them.</summary>
    public OpenClPrograms Programs { get; }

    /// <summary>Copies small values without waiting.</summary>
    internal OpenClSmallWrites SmallWrites { get; }

    /// <summary>Bytes of buffers allocated now. Staging memory is on the host and does not count.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocated);

    /// <summary>Bytes that can still be allocated, as far as this context and the driver know.</summary>
    public long FreeBytes
    {
        get
        {
            long free = Math.Max(0, _memoryLimit - AllocatedBytes);
            return Math.Min(free, DriversFree() ?? free);
        }
    }

    /// <summary>Objects of this context that are not disposed of, one line each.</summary>
    public IReadOnlyList<string> LiveObjects => [.. _objects.Keys.Select(item => item.ToString()).Order(StringComparer.Ordinal)];

    internal OpenClApi Api => Device.Api;

    private string? LastLaunch => _lastKernel is { } last ? $"'{last.Name}' ({Shape(_lastGroups, last.Group)})" : null;

    internal nint Handle => Live(_handle);

    internal nint Queue => Live(_queue);

    /// <summary>Allocates zeroed device memory, owned by the caller.</summary>
    /// <param name="what">Purpose of the memory, for messages.</param>
    /// <exception cref="DeviceOutOfMemoryException">Not enough free memory, or none contiguous.</exception>
    public OpenClBuffer Allocate(long bytes, string what) => new(this, bytes, what);

    /// <summary>Allocates host memory for asynchronous copies, owned by the caller.</summary>
    public OpenClStaging AllocateStaging(long bytes, string what) => new(this, bytes, what);

    /// <summary>Returns an event that completes after all commands given to the queue before it.</summary>
    public OpenClEvent Mark()
    {
        nint handle;
        Check(Api.EnqueueMarkerWithWaitList(Queue, 0, null, &handle), "clEnqueueMarkerWithWaitList");
        return new OpenClEvent(this, handle, "marker");
    }

    /// <summary>Starts queued commands without waiting. A driver may otherwise keep collecting them.</summary>
    public void Flush() => Check(Api.Flush(Queue), "clFlush");

    /// <summary>Waits until all commands have run.</summary>
    /// <exception cref="DeviceLostException">A command failed.</exception>
    public void Finish()
    {
        IReadOnlyList<OpenClProgram> launched = Programs.TakeLaunched();
        Check(Api.Finish(Queue), "clFinish");
        Programs.Save(launched);
    }

    public void Dispose()
    {
        if (_handle == 0) return;
        IReadOnlyList<OpenClProgram> launched = Programs.TakeLaunched();
        if (Api.Finish(_queue) == OpenClApi.Success) Programs.Save(launched);
        SmallWrites.Dispose();
        Programs.Dispose();
        if (_isOwned)
        {
            _ = Api.ReleaseCommandQueue(_queue);
            _ = Api.ReleaseContext(_handle);
        }
        _queue = _handle = 0;
    }

    /// <summary>Creates another queue, owned by the caller.</summary>
    internal nint CreateQueue()
    {
        int code;
        nint queue = Api.CreateCommandQueue(Handle, Device.Handle, 0, &code);
        Check(code, "clCreateCommandQueue");
        return queue;
    }

    internal void Check(int code, string call)
    {
        if (code != OpenClApi.Success) throw Failure(code, call);
    }

    internal GpuCnnException Failure(int code, string call, string? kernel = null, string? shape = null) =>
        _errors.From(code, call, kernel, shape, LastLaunch);

    /// <summary>Makes the exception for a command that failed while it ran.</summary>
    internal DeviceLostException Lost(int code, string call) => _errors.Lost(code, call, LastLaunch);

    internal static string Shape(OpenClSize groups, OpenClSize group) => $"{groups} group{(groups.Count == 1 ? "" : "s")} of {group}";

    /// <summary>
    /// Notes the last launch for messages about a lost device. Concurrent launches may mix its fields, which affects only messages.
    /// </summary>
    internal void Launched(OpenClSource kernel, OpenClSize groups)
    {
        _lastKernel = kernel;
        _lastGroups = groups;
    }

    /// <summary>Returns the live buffer of this context with a driver handle, or null.</summary>
    internal OpenClBuffer? Buffer(nint handle) => _buffers.GetValueOrDefault(handle);

    internal void Remember(OpenClObject item, nint handle)
    {
        _objects[item] = true;
        if (item is OpenClBuffer buffer) _buffers[handle] = buffer;
    }

    internal void Forget(OpenClObject item, nint handle)
    {
        _objects.TryRemove(item, out _);
        // Another thread may have received the same handle for a new buffer.
        if (item is OpenClBuffer buffer) _buffers.TryRemove(new(handle, buffer));
    }

    /// <summary>Counts bytes as allocated before they are.</summary>
    internal void Reserve(long bytes, string what)
    {
        long largest = Device.MaxAllocationBytes;
        if (bytes > largest)
            throw _errors.OutOfMemory(bytes, what, $"the largest single allocation is {OpenClErrors.MiB(largest)}", null);
        long allocated = Interlocked.Add(ref _allocated, bytes);
        if (allocated <= _memoryLimit) return;
        Release(bytes);
        long inUse = allocated - bytes;
        throw _errors.OutOfMemory(
            bytes, what, $"{OpenClErrors.MiB(inUse)} of {OpenClErrors.MiB(_memoryLimit)} are in use here", FreeBytes);
    }

    internal void Release(long bytes) => Interlocked.Add(ref _allocated, -bytes);

    /// <summary>Makes the exception for an allocation that the driver refused although the device has enough memory in total.</summary>
    internal DeviceOutOfMemoryException Refused(long bytes, string what, string call, int code)
    {
        string inUse = $"{OpenClErrors.MiB(AllocatedBytes)} of {OpenClErrors.MiB(_memoryLimit)}";
        return _errors.OutOfMemory(
            bytes, what,
            $"{call} gave {OpenClCodes.Describe(code)} with {inUse} in use here, and other programs may hold the rest", DriversFree());
    }

    /// <summary>Returns the free memory if an AMD driver reports it, else null: standard OpenCL has no such query.</summary>
    private long? DriversFree()
    {
        // Free memory and the largest free block, in KiB.
        nuint* kilobytes = stackalloc nuint[2];
        if (!_tellsFreeMemory) return null;
        int code = Api.GetDeviceInfo(Device.Handle, FreeMemoryAmd, (nuint)(2 * sizeof(nuint)), kilobytes, null);
        return code == OpenClApi.Success ? (long)kilobytes[0] << 10 : null;
    }

    private nint Live(nint handle)
    {
        ObjectDisposedException.ThrowIf(handle == 0, this);
        return handle;
    }
}
