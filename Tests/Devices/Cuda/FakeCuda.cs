using System.Runtime.InteropServices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>A launch that a fake driver ran.</summary>
/// <param name="Arguments">Bytes of all arguments, one after another.</param>
internal sealed record FakeLaunch(string Kernel, Size3 Groups, Size3 Group, byte[] Arguments);

/// <summary>
/// The driver and compiler of fake_cuda.c and fake_nvrtc.c: a machine with one fake CUDA device. Recreated for each test.
/// </summary>
internal sealed unsafe class FakeCuda
{
    private readonly string _driver;

    /// <param name="definitions">
    /// Definitions for the C files: OLD_DRIVER omits the functions of newer drivers; any other word makes a separate machine.
    /// </param>
    public FakeCuda(params string[] definitions)
    {
        _driver = FakeLibrary.PathOf("fake_cuda", definitions);
        NvrtcPath = FakeLibrary.PathOf("fake_nvrtc", definitions);
        ((delegate* unmanaged<void>)FakeLibrary.Function(_driver, "fake_reset"))();
        ((delegate* unmanaged<void>)FakeLibrary.Function(NvrtcPath, "fake_nvrtc_reset"))();
        Api = new CudaApi(_driver);
        Compilers = With(NvrtcPath);
    }

    public CudaApi Api { get; }

    public NvrtcLibraries Compilers { get; }

    public string NvrtcPath { get; }

    /// <summary>Actions that a real driver leaves undefined, one line each.</summary>
    public string Problems => Text(_driver, "fake_problems");

    /// <summary>The options of the last compilation.</summary>
    public string CompilerOptions => Text(NvrtcPath, "fake_nvrtc_options");

    /// <summary>Handles and memory of the driver and the compiler that were not released.</summary>
    public int Live => Number(_driver, "fake_live") + Number(NvrtcPath, "fake_nvrtc_live");

    /// <summary>Kernels that have run, in order.</summary>
    public IReadOnlyList<FakeLaunch> Launches
    {
        get
        {
            var get = (delegate* unmanaged<int, Record*>)FakeLibrary.Function(_driver, "fake_launch");
            return [.. Enumerable.Range(0, Number(_driver, "fake_launches")).Select(i => Read(get(i)))];
        }
    }

    public static NvrtcLibraries With(params string[] paths) => new(paths, () => []);

    public CudaDeviceInfo Device() => CudaDevices.Find(0, Api, Compilers);

    public int Retained(int device) => ((delegate* unmanaged<int, int>)FakeLibrary.Function(_driver, "fake_retained"))(device);

    /// <summary>Returns how many times a driver function was called.</summary>
    public int Calls(string call)
    {
        using var name = new Utf8(call);
        return ((delegate* unmanaged<byte*, int>)FakeLibrary.Function(_driver, "fake_count"))(name.Bytes);
    }

    /// <summary>Number of calls of driver functions.</summary>
    public int AllCalls => Number(_driver, "fake_calls");

    /// <summary>Time in which commands ran, which a real device spends beside the host.</summary>
    public TimeSpan Busy =>
        TimeSpan.FromMicroseconds(((delegate* unmanaged<long>)FakeLibrary.Function(_driver, "fake_busy"))() / 1e3);

    public void Set(string name, long value)
    {
        using var text = new Utf8(name);
        ((delegate* unmanaged<byte*, long, void>)FakeLibrary.Function(_driver, "fake_set"))(text.Bytes, value);
    }

    /// <summary>Makes a driver function fail from now on.</summary>
    /// <param name="after">Calls that still succeed.</param>
    public void Fail(string call, int code, int after = 0)
    {
        using var name = new Utf8(call);
        ((delegate* unmanaged<byte*, int, int, void>)FakeLibrary.Function(_driver, "fake_fail"))(name.Bytes, code, after);
    }

    public void FailCompiler(string call, int code)
    {
        using var name = new Utf8(call);
        ((delegate* unmanaged<byte*, int, void>)FakeLibrary.Function(NvrtcPath, "fake_nvrtc_fail"))(name.Bytes, code);
    }

    /// <summary>
    /// Sets the function that provides code for a kernel's text. The code takes the addresses of the arguments, the groups and the threads
    /// of a group.
    /// </summary>
    public void Provide(delegate* unmanaged[Cdecl]<byte*, nint> provide) =>
        ((delegate* unmanaged<delegate* unmanaged[Cdecl]<byte*, nint>, void>)FakeLibrary.Function(_driver, "fake_provide"))(provide);

    private static FakeLaunch Read(Record* launch) => new(
        Marshal.PtrToStringUTF8((nint)launch->Name)!, new(launch->Grid[0], launch->Grid[1], launch->Grid[2]),
        new(launch->Block[0], launch->Block[1], launch->Block[2]),
        new ReadOnlySpan<byte>(launch->Arguments, (int)launch->ArgumentBytes).ToArray());

    private static int Number(string path, string function) => ((delegate* unmanaged<int>)FakeLibrary.Function(path, function))();

    private static string Text(string path, string function) =>
        Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)FakeLibrary.Function(path, function))())!;

    /// <summary>Has the layout of fake_cuda.c.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Record
    {
        public fixed byte Name[128];
        public fixed int Grid[3];
        public fixed int Block[3];
        public nuint ArgumentBytes;
        public fixed byte Arguments[1024];
    }

    private readonly struct Utf8(string text) : IDisposable
    {
        public byte* Bytes { get; } = (byte*)Marshal.StringToCoTaskMemUTF8(text);

        public void Dispose() => Marshal.FreeCoTaskMem((nint)Bytes);
    }
}
