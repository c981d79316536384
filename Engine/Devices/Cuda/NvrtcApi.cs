using System.Runtime.InteropServices;
using System.Text;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>The functions of one NVRTC library, which compiles CUDA C at run time. The library stays loaded.</summary>
internal sealed unsafe class NvrtcApi
{
    public const int Success = 0;

    public readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> CreateProgram;
    public readonly delegate* unmanaged<nint*, int> DestroyProgram;
    public readonly delegate* unmanaged<nint, int, byte**, int> CompileProgram;
    public readonly delegate* unmanaged<nint, nuint*, int> GetLogSize;
    public readonly delegate* unmanaged<nint, byte*, int> GetLog;
    public readonly delegate* unmanaged<nint, nuint*, int> GetCubinSize;
    public readonly delegate* unmanaged<nint, byte*, int> GetCubin;
    public readonly delegate* unmanaged<nint, nuint*, int> GetPtxSize;
    public readonly delegate* unmanaged<nint, byte*, int> GetPtx;

    private readonly delegate* unmanaged<int, byte*> _getErrorString;

    /// <exception cref="DeviceUnavailableException">The library lacks a function, or one fails.</exception>
    /// <param name="library">The loaded library.</param>
    /// <param name="path">The library's path.</param>
    internal NvrtcApi(nint library, string path)
    {
        nint Export(string function) => NativeLibrary.TryGetExport(library, function, out nint address)
            ? address
            : throw new DeviceUnavailableException($"NVRTC ({path}) has no {function}; version 11.2 or later is needed");

        Path = path;
        _getErrorString = (delegate* unmanaged<int, byte*>)Export("nvrtcGetErrorString");
        CreateProgram = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)Export("nvrtcCreateProgram");
        DestroyProgram = (delegate* unmanaged<nint*, int>)Export("nvrtcDestroyProgram");
        CompileProgram = (delegate* unmanaged<nint, int, byte**, int>)Export("nvrtcCompileProgram");
        GetLogSize = (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetProgramLogSize");
        GetLog = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetProgramLog");
        GetCubinSize = (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetCUBINSize");
        GetCubin = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetCUBIN");
        GetPtxSize = (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetPTXSize");
        GetPtx = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetPTX");

        int major, minor, count;
        Check(((delegate* unmanaged<int*, int*, int>)Export("nvrtcVersion"))(&major, &minor), "nvrtcVersion");
        Version = 1000 * major + 10 * minor;
        Check(((delegate* unmanaged<int*, int>)Export("nvrtcGetNumSupportedArchs"))(&count), "nvrtcGetNumSupportedArchs");
        var architectures = new int[count];
        fixed (int* first = architectures)
            Check(((delegate* unmanaged<int*, int>)Export("nvrtcGetSupportedArchs"))(first), "nvrtcGetSupportedArchs");
        Architectures = [.. architectures.Order()];
    }

    public string Path { get; }

    /// <summary>In the driver's notation: 12040 for 12.4.</summary>
    public int Version { get; }

    /// <summary>Supported compute capabilities, ascending: 90 for 9.0.</summary>
    public IReadOnlyList<int> Architectures { get; }

    /// <summary>Returns the error's name and number: <c>NVRTC_ERROR_COMPILATION (6)</c>.</summary>
    public string Describe(int code)
    {
        byte* name = _getErrorString(code);
        return name is null ? $"error {code}"
            : $"{Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name))} ({code})";
    }

    public override string ToString() => $"NVRTC {CudaDeviceInfo.VersionText(Version)} ({Path})";

    private void Check(int code, string call)
    {
        if (code != Success) throw new DeviceUnavailableException($"{call} of NVRTC ({Path}) failed: {Describe(code)}");
    }
}
