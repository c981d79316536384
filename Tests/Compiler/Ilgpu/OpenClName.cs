using System.Runtime.InteropServices;
using ILGPU;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>
/// ILGPU imports "OpenCL", which Linux resolves as libOpenCL.so: a name that only development packages install. The loader is
/// libOpenCL.so.1.
/// </summary>
internal static class OpenClName
{
    /// <summary>Call it before ILGPU first looks for OpenCL devices.</summary>
    public static void Resolve() => _ = Once.Value;

    private static readonly Lazy<bool> Once = new(() =>
    {
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, (name, _, _) => Load(name));
            return true;
        }
        catch (InvalidOperationException)
        {
            // An assembly has one resolver, and it was set before.
            return false;
        }
    });

    /// <summary>Loads the library; 0 leaves it to the runtime.</summary>
    private static nint Load(string name)
    {
        bool isOpenCl = name.Contains("OpenCL", StringComparison.OrdinalIgnoreCase);
        return isOpenCl && NativeLibrary.TryLoad("libOpenCL.so.1", out nint handle) ? handle : 0;
    }
}
