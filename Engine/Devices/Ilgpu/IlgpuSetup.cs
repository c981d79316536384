using System.Reflection;
using System.Runtime.InteropServices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using ILGPU;
using ILGPU.Algorithms;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>Sets ILGPU up once per process, before its first use.</summary>
internal static class IlgpuSetup
{
    // ILGPU imports "OpenCL" and "cuda", which the loader maps to libOpenCL.so and libcuda.so, names that only development packages
    // install.
    private static readonly (string Import, string[] Files)[] Libraries =
    [
        ("OpenCL", ["libOpenCL.so.1", "libOpenCL.so"]),
        ("cuda", ["libcuda.so.1", "libcuda.so"]),
    ];

    private static readonly Lazy<bool> Once = new(() =>
    {
        if (OperatingSystem.IsLinux()) NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(XMath).Assembly, (name, _, _) => CublasLibraries.Machine.Resolve(name));
        LanguageRemapping.Register();
        return true;
    });

    /// <summary>ILGPU and its version, for users.</summary>
    public static string Version { get; } = $"ILGPU {typeof(Context).Assembly.GetName().Version?.ToString(3)}";

    public static string Ptx => Version + " to PTX";

    public static string OpenClC => Version + " to OpenCL C";

    public static void Prepare() => _ = Once.Value;

    /// <summary>Creates a context with optimisation level 2. Level 1 leaves accesses without a known address space.</summary>
    public static Context CreateContext(Action<Context.Builder> configure)
    {
        Prepare();
        return Context.Create(builder =>
        {
            builder.Optimize(OptimizationLevel.O2).EnableAlgorithms();
            configure(builder);
        });
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        foreach ((string import, string[] files) in Libraries)
        {
            if (!name.Equals(import, StringComparison.OrdinalIgnoreCase)) continue;
            foreach (string file in files)
                if (NativeLibrary.TryLoad(file, out nint handle)) return handle;
        }
        return 0;
    }
}
