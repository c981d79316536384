using System.Runtime.InteropServices;
using System.Text;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// The functions of the CUDA driver API that the engine calls, found in NVIDIA's driver at run time, so that a machine without it can run
/// everything else. The driver stays loaded, because drivers have their own threads. Names carry the versions that the library exports; a C
/// header would map the plain names to them.
/// </summary>
internal sealed unsafe class CudaApi
{
    public const int Success = 0;

    /// <summary>For <see cref="StreamCreate"/>: the stream does not wait for the default stream, which other libraries use.</summary>
    public const uint NonBlockingStream = 1;

    /// <summary>The driver's library on Linux and Windows; other systems have none.</summary>
    internal static readonly string[] LibraryNames = ["libcuda.so.1", "libcuda.so", "nvcuda.dll"];

    // Other modes would cache a failure, so that a driver installed while the process runs would not be found.
    private static readonly Lazy<CudaApi> Shared = new(() => new CudaApi(LibraryNames), LazyThreadSafetyMode.PublicationOnly);

    public readonly delegate* unmanaged<uint, int> Init;
    public readonly delegate* unmanaged<int*, int> DriverGetVersion;
    public readonly delegate* unmanaged<int, byte**, int> GetErrorName;
    public readonly delegate* unmanaged<int*, int> DeviceGetCount;
    public readonly delegate* unmanaged<int*, int, int> DeviceGet;
    public readonly delegate* unmanaged<byte*, int, int, int> DeviceGetName;
    public readonly delegate* unmanaged<nuint*, int, int> DeviceTotalMem;
    public readonly delegate* unmanaged<int*, int, int, int> DeviceGetAttribute;

    public readonly delegate* unmanaged<nint*, int, int> PrimaryContextRetain;
    public readonly delegate* unmanaged<int, int> PrimaryContextRelease;
    public readonly delegate* unmanaged<nint, int> ContextSetCurrent;

    public readonly delegate* unmanaged<nint*, nuint, int> MemAlloc;
    public readonly delegate* unmanaged<nint, int> MemFree;
    public readonly delegate* unmanaged<nuint*, nuint*, int> MemGetInfo;
    public readonly delegate* unmanaged<void**, nuint, uint, int> MemHostAlloc;
    public readonly delegate* unmanaged<void*, int> MemFreeHost;
    public readonly delegate* unmanaged<void*, nuint, uint, int> MemHostRegister;
    public readonly delegate* unmanaged<void*, int> MemHostUnregister;
    public readonly delegate* unmanaged<nint, byte, nuint, nint, int> MemsetAsync;
    public readonly delegate* unmanaged<nint, void*, nuint, nint, int> CopyToDeviceAsync;
    public readonly delegate* unmanaged<void*, nint, nuint, nint, int> CopyToHostAsync;
    public readonly delegate* unmanaged<nint, nint, nuint, nint, int> CopyOnDeviceAsync;

    public readonly delegate* unmanaged<nint*, uint, int> StreamCreate;
    public readonly delegate* unmanaged<nint, int> StreamDestroy;
    public readonly delegate* unmanaged<nint, int> StreamSynchronize;
    public readonly delegate* unmanaged<nint, nint, uint, int> StreamWaitEvent;
    public readonly delegate* unmanaged<nint, int, int> StreamBeginCapture;
    public readonly delegate* unmanaged<nint, nint*, int> StreamEndCapture;

    public readonly delegate* unmanaged<nint*, uint, int> EventCreate;
    public readonly delegate* unmanaged<nint, nint, int> EventRecord;
    public readonly delegate* unmanaged<nint, int> EventQuery;
    public readonly delegate* unmanaged<nint, int> EventSynchronize;
    public readonly delegate* unmanaged<float*, nint, nint, int> EventElapsedTime;
    public readonly delegate* unmanaged<nint, int> EventDestroy;

    public readonly delegate* unmanaged<nint*, void*, uint, int*, void**, int> ModuleLoadData;
    public readonly delegate* unmanaged<nint, int> ModuleUnload;
    public readonly delegate* unmanaged<nint*, nint, byte*, int> ModuleGetFunction;
    public readonly delegate* unmanaged<int*, int, nint, int> FunctionGetAttribute;
    public readonly delegate* unmanaged<nint, int, int, int> FunctionSetAttribute;

    /// <summary>Null for drivers older than CUDA 12.4.</summary>
    public readonly delegate* unmanaged<nint, nuint, nuint*, nuint*, int> FunctionGetParameter;
    public readonly delegate* unmanaged<int*, nint, int, nuint, int> OccupancyMaxActiveGroups;

    public readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel;

    /// <summary>Null for drivers older than CUDA 11.4, which have <see cref="GraphInstantiateOld"/>.</summary>
    public readonly delegate* unmanaged<nint*, nint, ulong, int> GraphInstantiate;

    public readonly delegate* unmanaged<nint*, nint, nint*, byte*, nuint, int> GraphInstantiateOld;
    public readonly delegate* unmanaged<nint, nint, int> GraphLaunch;
    public readonly delegate* unmanaged<nint, int> GraphDestroy;
    public readonly delegate* unmanaged<nint, int> GraphExecDestroy;

    /// <param name="libraryNames">Tried in this order.</param>
    /// <exception cref="DeviceUnavailableException">No library can be loaded, or the driver is too old.</exception>
    internal CudaApi(params string[] libraryNames) : this(Exports(libraryNames)) { }

    /// <param name="find">Returns the address of a function by name, or 0.</param>
    internal CudaApi(Func<string, nint> find)
    {
        nint Export(string function) => find(function) is var address and not 0
            ? address
            : throw new DeviceUnavailableException(
                $"The NVIDIA driver has no {function}; {CudaDeviceInfo.NeededDriver} or later is needed. "
                + "Update the driver, or use the device cpu.");

        Init = (delegate* unmanaged<uint, int>)Export("cuInit");
        DriverGetVersion = (delegate* unmanaged<int*, int>)Export("cuDriverGetVersion");
        GetErrorName = (delegate* unmanaged<int, byte**, int>)Export("cuGetErrorName");
        DeviceGetCount = (delegate* unmanaged<int*, int>)Export("cuDeviceGetCount");
        DeviceGet = (delegate* unmanaged<int*, int, int>)Export("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged<byte*, int, int, int>)Export("cuDeviceGetName");
        DeviceTotalMem = (delegate* unmanaged<nuint*, int, int>)Export("cuDeviceTotalMem_v2");
        DeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Export("cuDeviceGetAttribute");

        PrimaryContextRetain = (delegate* unmanaged<nint*, int, int>)Export("cuDevicePrimaryCtxRetain");
        PrimaryContextRelease = (delegate* unmanaged<int, int>)Export("cuDevicePrimaryCtxRelease_v2");
        ContextSetCurrent = (delegate* unmanaged<nint, int>)Export("cuCtxSetCurrent");

        MemAlloc = (delegate* unmanaged<nint*, nuint, int>)Export("cuMemAlloc_v2");
        MemFree = (delegate* unmanaged<nint, int>)Export("cuMemFree_v2");
        MemGetInfo = (delegate* unmanaged<nuint*, nuint*, int>)Export("cuMemGetInfo_v2");
        MemHostAlloc = (delegate* unmanaged<void**, nuint, uint, int>)Export("cuMemHostAlloc");
        MemFreeHost = (delegate* unmanaged<void*, int>)Export("cuMemFreeHost");
        MemHostRegister = (delegate* unmanaged<void*, nuint, uint, int>)Export("cuMemHostRegister_v2");
        MemHostUnregister = (delegate* unmanaged<void*, int>)Export("cuMemHostUnregister");
        MemsetAsync = (delegate* unmanaged<nint, byte, nuint, nint, int>)Export("cuMemsetD8Async");
        CopyToDeviceAsync = (delegate* unmanaged<nint, void*, nuint, nint, int>)Export("cuMemcpyHtoDAsync_v2");
        CopyToHostAsync = (delegate* unmanaged<void*, nint, nuint, nint, int>)Export("cuMemcpyDtoHAsync_v2");
        CopyOnDeviceAsync = (delegate* unmanaged<nint, nint, nuint, nint, int>)Export("cuMemcpyDtoDAsync_v2");

        StreamCreate = (delegate* unmanaged<nint*, uint, int>)Export("cuStreamCreate");
        StreamDestroy = (delegate* unmanaged<nint, int>)Export("cuStreamDestroy_v2");
        StreamSynchronize = (delegate* unmanaged<nint, int>)Export("cuStreamSynchronize");
        StreamWaitEvent = (delegate* unmanaged<nint, nint, uint, int>)Export("cuStreamWaitEvent");
        StreamBeginCapture = (delegate* unmanaged<nint, int, int>)Export("cuStreamBeginCapture_v2");
        StreamEndCapture = (delegate* unmanaged<nint, nint*, int>)Export("cuStreamEndCapture");

        EventCreate = (delegate* unmanaged<nint*, uint, int>)Export("cuEventCreate");
        EventRecord = (delegate* unmanaged<nint, nint, int>)Export("cuEventRecord");
        EventQuery = (delegate* unmanaged<nint, int>)Export("cuEventQuery");
        EventSynchronize = (delegate* unmanaged<nint, int>)Export("cuEventSynchronize");
        EventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Export("cuEventElapsedTime");
        EventDestroy = (delegate* unmanaged<nint, int>)Export("cuEventDestroy_v2");

        ModuleLoadData = (delegate* unmanaged<nint*, void*, uint, int*, void**, int>)Export("cuModuleLoadDataEx");
        ModuleUnload = (delegate* unmanaged<nint, int>)Export("cuModuleUnload");
        ModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Export("cuModuleGetFunction");
        FunctionGetAttribute = (delegate* unmanaged<int*, int, nint, int>)Export("cuFuncGetAttribute");
        FunctionSetAttribute = (delegate* unmanaged<nint, int, int, int>)Export("cuFuncSetAttribute");
        FunctionGetParameter = (delegate* unmanaged<nint, nuint, nuint*, nuint*, int>)find("cuFuncGetParamInfo");
        OccupancyMaxActiveGroups =
            (delegate* unmanaged<int*, nint, int, nuint, int>)find("cuOccupancyMaxActiveBlocksPerMultiprocessor");
        LaunchKernel =
            (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Export("cuLaunchKernel");

        GraphInstantiate = (delegate* unmanaged<nint*, nint, ulong, int>)find("cuGraphInstantiateWithFlags");
        GraphInstantiateOld = GraphInstantiate is not null
            ? null
            : (delegate* unmanaged<nint*, nint, nint*, byte*, nuint, int>)Export("cuGraphInstantiate_v2");
        GraphLaunch = (delegate* unmanaged<nint, nint, int>)Export("cuGraphLaunch");
        GraphDestroy = (delegate* unmanaged<nint, int>)Export("cuGraphDestroy");
        GraphExecDestroy = (delegate* unmanaged<nint, int>)Export("cuGraphExecDestroy");
    }

    /// <summary>Returns the system's driver. The first call loads it.</summary>
    /// <exception cref="DeviceUnavailableException">There is no driver, or it is too old.</exception>
    public static CudaApi Load() => Shared.Value;

    /// <summary>Returns the error's name and number: <c>CUDA_ERROR_OUT_OF_MEMORY (2)</c>.</summary>
    public string Describe(int code)
    {
        byte* name = null;
        return GetErrorName(code, &name) == Success && name is not null
            ? $"{Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name))} ({code})"
            : $"error {code}";
    }

    /// <summary>Returns a lookup in the first library that can be loaded.</summary>
    internal static Func<string, nint> Exports(params string[] libraryNames)
    {
        nint library = 0;
        if (!libraryNames.Any(name => NativeLibrary.TryLoad(name, out library)))
        {
            throw new DeviceUnavailableException(
                $"This machine has no NVIDIA driver: none of {string.Join(", ", libraryNames)} could be loaded. " +
                "Install the driver of the GPU (in a container: start it with access to the GPU), or use the device cpu.");
        }
        return function => NativeLibrary.TryGetExport(library, function, out nint address) ? address : 0;
    }
}
