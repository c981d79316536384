using System.Text;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>A compiled kernel on the device; <see cref="CudaModules"/> owns it.</summary>
internal sealed unsafe class CudaModule
{
    private const int MaxThreadsAttribute = 0;
    private const int SharedBytesAttribute = 1;
    private const int LocalBytesAttribute = 3;
    private const int RegistersAttribute = 4;
    private const int LaunchedSharedBytesAttribute = 8;

    private const int ErrorLogBuffer = 5;
    private const int ErrorLogBufferBytes = 6;
    private const int LogBytes = 8192;

    private readonly CudaContext _context;
    private readonly long[]? _parameters;
    private nint _handle;

    private CudaModule(CudaContext context, CudaSource source, nint handle, nint function, bool fromCache)
    {
        _context = context;
        _handle = handle;
        Source = source;
        Function = function;
        IsFromCache = fromCache;
        MaxThreads = Attribute(MaxThreadsAttribute);
        SharedBytes = Attribute(SharedBytesAttribute);
        LocalBytes = Attribute(LocalBytesAttribute);
        Registers = Attribute(RegistersAttribute);
        _parameters = ReadParameters();
        CheckGroup();
        AskForSharedBytes();
    }

    public CudaSource Source { get; }

    /// <summary>Whether it came from the cache on disk.</summary>
    public bool IsFromCache { get; }

    /// <summary>Most threads per group that the kernel's registers allow.</summary>
    public int MaxThreads { get; }

    /// <summary>Bytes of shared memory per group that the text declares.</summary>
    public int SharedBytes { get; }

    /// <summary>Bytes per thread of values that did not fit registers or are indexed. This memory is slow.</summary>
    public int LocalBytes { get; }

    /// <summary>Registers per thread.</summary>
    public int Registers { get; }

    internal nint Function { get; }

    /// <summary>What the kernel takes of the device.</summary>
    public KernelResources Resources => new(
        Source.Name, Threads, Registers, LocalBytes, SharedBytes + Source.SharedBytes, Occupancy(Source.SharedBytes));

    /// <summary>Creates a kernel with these arguments, owned by the caller.</summary>
    public CudaKernel CreateKernel(CudaArguments arguments)
    {
        ObjectDisposedException.ThrowIf(_handle == 0, this);
        return new(_context, this, arguments);
    }

    /// <summary>Loads machine code from <see cref="NvrtcCompiler"/> or from the cache.</summary>
    /// <exception cref="KernelBuildException">The driver refused the code.</exception>
    /// <exception cref="DeviceUnavailableException">The device lacks what the kernel needs.</exception>
    internal static CudaModule Load(CudaContext context, CudaSource source, byte[] image, bool fromCache)
    {
        context.Enter();
        nint handle, function;
        int code = Load(context, image, &handle, out string log);
        if (code is CudaCodes.InvalidImage or 209 or >= 218 and <= 223 or 300)
        {
            throw new KernelBuildException(
                $"The driver of the CUDA device '{context.Device.Name}' refused kernel '{source.Name}', "
                + $"compiled with {context.Compiler.Api}: cuModuleLoadDataEx gave {context.Api.Describe(code)}. "
                + "Update the driver, or install the NVRTC of the driver's version, "
                + $"{CudaDeviceInfo.VersionText(context.Device.DriverVersion)}. The driver said:"
                + $"{Environment.NewLine}{(log.Length == 0 ? "nothing" : log)}",
                source.Name, log);
        }
        if (code != CudaApi.Success)
            throw context.Failure(code, "cuModuleLoadDataEx", source.Name, $"groups of {CudaErrors.Product(source.Group)}");
        try
        {
            fixed (byte* name = Encoding.UTF8.GetBytes(source.Name + '\0')) code = context.Api.ModuleGetFunction(&function, handle, name);
            if (code != CudaApi.Success) throw context.Failure(code, "cuModuleGetFunction", source.Name);
            return new CudaModule(context, source, handle, function, fromCache);
        }
        catch
        {
            _ = context.Api.ModuleUnload(handle);
            throw;
        }
    }

    /// <summary>
    /// Checks the arguments' sizes if the driver reports them: it reads the kernel's parameters, however few bytes it is given.
    /// </summary>
    internal void CheckParameters(CudaArguments arguments)
    {
        if (_parameters is null) return;
        bool same = _parameters.Length == arguments.Count;
        for (int i = 0; same && i < _parameters.Length; i++) same = _parameters[i] == arguments.Bytes(i);
        if (same) return;
        string given = string.Join(", ", Enumerable.Range(0, arguments.Count).Select(arguments.Bytes));
        throw new InvalidOperationException(
            $"Kernel '{Source.Name}' takes arguments of [{string.Join(", ", _parameters)}] bytes, but was given [{given}].");
    }

    internal void Release()
    {
        if (_handle != 0) _ = _context.Api.ModuleUnload(_handle);
        _handle = 0;
    }

    private static int Load(CudaContext context, byte[] image, nint* handle, out string log)
    {
        var text = new byte[LogBytes];
        int* options = stackalloc int[] { ErrorLogBuffer, ErrorLogBufferBytes };
        int code;
        fixed (byte* first = image)
        fixed (byte* buffer = text)
        {
            void** values = stackalloc void*[] { buffer, (void*)(nuint)LogBytes };
            code = context.Api.ModuleLoadData(handle, first, 2, options, values);
        }
        log = Encoding.UTF8.GetString(text).Split('\0')[0].Trim();
        return code;
    }

    private int Threads => Source.Group.X * Source.Group.Y * Source.Group.Z;

    /// <summary>Null if the driver does not tell.</summary>
    private double? Occupancy(int dynamicBytes)
    {
        const int MaxThreadsPerMultiprocessor = 39;
        if (_context.Api.OccupancyMaxActiveGroups is null) return null;
        _context.Enter();
        int groups, most = 1;
        int code = _context.Api.OccupancyMaxActiveGroups(&groups, Function, Threads, (nuint)dynamicBytes);
        if (code == CudaApi.Success) code = _context.Api.DeviceGetAttribute(&most, MaxThreadsPerMultiprocessor, _context.Device.Handle);
        return code == CudaApi.Success ? (double)groups * Threads / most : null;
    }

    private int Attribute(int attribute)
    {
        int value;
        int code = _context.Api.FunctionGetAttribute(&value, attribute, Function);
        return code == CudaApi.Success ? value : throw _context.Failure(code, "cuFuncGetAttribute", Source.Name);
    }

    /// <summary>Returns the size of each parameter in bytes, or null if the driver does not report it.</summary>
    private long[]? ReadParameters()
    {
        if (_context.Api.FunctionGetParameter is null) return null;
        var sizes = new List<long>();
        nuint offset, bytes;
        // An index past the last parameter gives "invalid value".
        while (_context.Api.FunctionGetParameter(Function, (nuint)sizes.Count, &offset, &bytes) == CudaApi.Success) sizes.Add((long)bytes);
        return [.. sizes];
    }

    /// <summary>More shared memory than every device has is given only to kernels that have asked for it.</summary>
    private void AskForSharedBytes()
    {
        if (Source.SharedBytes == 0) return;
        int most = _context.Device.MaxSharedBytes;
        if (SharedBytes + Source.SharedBytes > most)
        {
            throw new DeviceUnavailableException(
                $"Kernel '{Source.Name}' needs {SharedBytes + Source.SharedBytes} bytes of shared memory for each group, but the CUDA "
                + $"device '{_context.Device.Name}' has at most {most}. Use another device.");
        }
        int code = _context.Api.FunctionSetAttribute(Function, LaunchedSharedBytesAttribute, Source.SharedBytes);
        if (code != CudaApi.Success) throw _context.Failure(code, "cuFuncSetAttribute", Source.Name);
    }

    private void CheckGroup()
    {
        var group = Source.Group;
        var most = _context.Device.MaxGroup;
        bool positive = group is { X: > 0, Y: > 0, Z: > 0 };
        long threads = (long)group.X * group.Y * group.Z;
        if (positive && threads <= MaxThreads && group.X <= most.X && group.Y <= most.Y && group.Z <= most.Z) return;
        throw new DeviceUnavailableException(
            $"Kernel '{Source.Name}' expects groups of {CudaErrors.Product(group)} threads, but the CUDA device '{_context.Device.Name}' "
            + $"runs it with at most {MaxThreads} ({CudaErrors.Product(most)} in each dimension). Use another device.");
    }
}
