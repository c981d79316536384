using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// The functions of OpenCL 1.2 that the engine calls, found in the system's ICD loader at run time, so that a machine without OpenCL can
/// run everything else. The loader stays loaded, because drivers have their own threads.
/// </summary>
internal sealed unsafe class OpenClApi
{
    public const int Success = 0;
    public const uint True = 1;

    /// <summary>The loader's names on Linux, Android, Windows and macOS. Names of other systems are not found.</summary>
    internal static readonly string[] LibraryNames =
        ["libOpenCL.so.1", "libOpenCL.so", "OpenCL.dll", "/System/Library/Frameworks/OpenCL.framework/OpenCL"];

    // Other modes would cache a failure, so that a loader installed while the process runs would not be found.
    private static readonly Lazy<OpenClApi> Shared = new(() => new OpenClApi(LibraryNames), LazyThreadSafetyMode.PublicationOnly);

    public readonly delegate* unmanaged<uint, nint*, uint*, int> GetPlatformIDs;
    public readonly delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetPlatformInfo;
    public readonly delegate* unmanaged<nint, ulong, uint, nint*, uint*, int> GetDeviceIDs;
    public readonly delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetDeviceInfo;
    public readonly delegate* unmanaged<nint*, uint, nint*, void*, void*, int*, nint> CreateContext;
    public readonly delegate* unmanaged<nint, int> ReleaseContext;
    public readonly delegate* unmanaged<nint, nint, ulong, int*, nint> CreateCommandQueue;
    public readonly delegate* unmanaged<nint, int> ReleaseCommandQueue;
    public readonly delegate* unmanaged<nint, int> Flush;
    public readonly delegate* unmanaged<nint, int> Finish;

    public readonly delegate* unmanaged<nint, ulong, nuint, void*, int*, nint> CreateBuffer;
    public readonly delegate* unmanaged<nint, int> ReleaseMemObject;
    public readonly delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int> EnqueueReadBuffer;
    public readonly delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int> EnqueueWriteBuffer;
    public readonly delegate* unmanaged<nint, nint, nint, nuint, nuint, nuint, uint, nint*, nint*, int> EnqueueCopyBuffer;
    public readonly delegate* unmanaged<nint, nint, void*, nuint, nuint, nuint, uint, nint*, nint*, int> EnqueueFillBuffer;
    public readonly delegate* unmanaged<nint, nint, uint, ulong, nuint, nuint, uint, nint*, nint*, int*, void*> EnqueueMapBuffer;
    public readonly delegate* unmanaged<nint, nint, void*, uint, nint*, nint*, int> EnqueueUnmapMemObject;

    public readonly delegate* unmanaged<nint, uint, byte**, nuint*, int*, nint> CreateProgramWithSource;
    public readonly delegate* unmanaged<nint, uint, nint*, nuint*, byte**, int*, int*, nint> CreateProgramWithBinary;
    public readonly delegate* unmanaged<nint, uint, nint*, byte*, void*, void*, int> BuildProgram;
    public readonly delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int> GetProgramBuildInfo;
    public readonly delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetProgramInfo;
    public readonly delegate* unmanaged<nint, int> ReleaseProgram;

    public readonly delegate* unmanaged<nint, byte*, int*, nint> CreateKernel;
    public readonly delegate* unmanaged<nint, int> ReleaseKernel;
    public readonly delegate* unmanaged<nint, uint, nuint, void*, int> SetKernelArg;
    public readonly delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetKernelInfo;
    public readonly delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int> GetKernelWorkGroupInfo;
    public readonly delegate* unmanaged<nint, nint, uint, nuint*, nuint*, nuint*, uint, nint*, nint*, int> EnqueueNDRangeKernel;

    public readonly delegate* unmanaged<nint, uint, nint*, nint*, int> EnqueueMarkerWithWaitList;
    public readonly delegate* unmanaged<uint, nint*, int> WaitForEvents;
    public readonly delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetEventInfo;
    public readonly delegate* unmanaged<nint, uint, nuint, void*, nuint*, int> GetEventProfilingInfo;
    public readonly delegate* unmanaged<nint, int> ReleaseEvent;

    /// <param name="libraryNames">Tried in this order.</param>
    /// <exception cref="DeviceUnavailableException">No library can be loaded, or the loader is older than OpenCL 1.2.</exception>
    internal OpenClApi(params string[] libraryNames) : this(Exports(libraryNames)) { }

    /// <param name="export">Returns the address of a function by name.</param>
    internal OpenClApi(Func<string, nint> export)
    {
        GetPlatformIDs = (delegate* unmanaged<uint, nint*, uint*, int>)export("clGetPlatformIDs");
        GetPlatformInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)export("clGetPlatformInfo");
        GetDeviceIDs = (delegate* unmanaged<nint, ulong, uint, nint*, uint*, int>)export("clGetDeviceIDs");
        GetDeviceInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)export("clGetDeviceInfo");
        CreateContext = (delegate* unmanaged<nint*, uint, nint*, void*, void*, int*, nint>)export("clCreateContext");
        ReleaseContext = (delegate* unmanaged<nint, int>)export("clReleaseContext");
        CreateCommandQueue = (delegate* unmanaged<nint, nint, ulong, int*, nint>)export("clCreateCommandQueue");
        ReleaseCommandQueue = (delegate* unmanaged<nint, int>)export("clReleaseCommandQueue");
        Flush = (delegate* unmanaged<nint, int>)export("clFlush");
        Finish = (delegate* unmanaged<nint, int>)export("clFinish");

        CreateBuffer = (delegate* unmanaged<nint, ulong, nuint, void*, int*, nint>)export("clCreateBuffer");
        ReleaseMemObject = (delegate* unmanaged<nint, int>)export("clReleaseMemObject");
        EnqueueReadBuffer =
            (delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int>)export("clEnqueueReadBuffer");
        EnqueueWriteBuffer =
            (delegate* unmanaged<nint, nint, uint, nuint, nuint, void*, uint, nint*, nint*, int>)export("clEnqueueWriteBuffer");
        EnqueueCopyBuffer =
            (delegate* unmanaged<nint, nint, nint, nuint, nuint, nuint, uint, nint*, nint*, int>)export("clEnqueueCopyBuffer");
        EnqueueFillBuffer =
            (delegate* unmanaged<nint, nint, void*, nuint, nuint, nuint, uint, nint*, nint*, int>)export("clEnqueueFillBuffer");
        EnqueueMapBuffer =
            (delegate* unmanaged<nint, nint, uint, ulong, nuint, nuint, uint, nint*, nint*, int*, void*>)export("clEnqueueMapBuffer");
        EnqueueUnmapMemObject = (delegate* unmanaged<nint, nint, void*, uint, nint*, nint*, int>)export("clEnqueueUnmapMemObject");

        CreateProgramWithSource = (delegate* unmanaged<nint, uint, byte**, nuint*, int*, nint>)export("clCreateProgramWithSource");
        CreateProgramWithBinary =
            (delegate* unmanaged<nint, uint, nint*, nuint*, byte**, int*, int*, nint>)export("clCreateProgramWithBinary");
        BuildProgram = (delegate* unmanaged<nint, uint, nint*, byte*, void*, void*, int>)export("clBuildProgram");
        GetProgramBuildInfo = (delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int>)export("clGetProgramBuildInfo");
        GetProgramInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)export("clGetProgramInfo");
        ReleaseProgram = (delegate* unmanaged<nint, int>)export("clReleaseProgram");

        CreateKernel = (delegate* unmanaged<nint, byte*, int*, nint>)export("clCreateKernel");
        ReleaseKernel = (delegate* unmanaged<nint, int>)export("clReleaseKernel");
        SetKernelArg = (delegate* unmanaged<nint, uint, nuint, void*, int>)export("clSetKernelArg");
        GetKernelInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)export("clGetKernelInfo");
        GetKernelWorkGroupInfo = (delegate* unmanaged<nint, nint, uint, nuint, void*, nuint*, int>)export("clGetKernelWorkGroupInfo");
        EnqueueNDRangeKernel =
            (delegate* unmanaged<nint, nint, uint, nuint*, nuint*, nuint*, uint, nint*, nint*, int>)export("clEnqueueNDRangeKernel");

        EnqueueMarkerWithWaitList = (delegate* unmanaged<nint, uint, nint*, nint*, int>)export("clEnqueueMarkerWithWaitList");
        WaitForEvents = (delegate* unmanaged<uint, nint*, int>)export("clWaitForEvents");
        GetEventInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)export("clGetEventInfo");
        GetEventProfilingInfo = (delegate* unmanaged<nint, uint, nuint, void*, nuint*, int>)export("clGetEventProfilingInfo");
        ReleaseEvent = (delegate* unmanaged<nint, int>)export("clReleaseEvent");
    }

    /// <summary>Returns the system's loader. The first call loads it.</summary>
    /// <exception cref="DeviceUnavailableException">There is no loader, or it is too old.</exception>
    public static OpenClApi Load() => Shared.Value;

    /// <summary>Returns a lookup in the first library that can be loaded.</summary>
    internal static Func<string, nint> Exports(params string[] libraryNames)
    {
        nint library = 0;
        string name = libraryNames.FirstOrDefault(name => NativeLibrary.TryLoad(name, out library)) ?? throw new DeviceUnavailableException(
            $"No OpenCL loader could be loaded (tried {string.Join(", ", libraryNames)}). Install the driver of the GPU and, on Linux, " +
            "the package of the ICD loader (ocl-icd-libopencl1), or use the device cpu.");
        return function => NativeLibrary.TryGetExport(library, function, out nint address)
            ? address
            : throw new DeviceUnavailableException(
                $"The OpenCL loader '{name}' has no {function}; OpenCL 1.2 or later is needed. "
                + "Update the ICD loader or the driver, or use the device cpu.");
    }
}
