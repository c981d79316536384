using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using GpuCnn.Engine.Devices.Cuda;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>
/// A fake CUDA device that compiles the CUDA C of kernels for this processor and runs it. It checks the meaning of the text and the passing
/// of arguments; NVRTC and the hardware need a GPU.
/// </summary>
internal static unsafe partial class HostCuda
{
    private static readonly Lazy<(FakeCuda Fake, CudaDeviceInfo Device)> Machine = new(Make, LazyThreadSafetyMode.PublicationOnly);

    private static string _refused = "";

    /// <summary>The device; without a C compiler the test is ignored.</summary>
    public static CudaDeviceInfo Device => Machine.Value.Device;

    /// <summary>Actions that a real driver leaves undefined, and kernels that this processor's compiler refused.</summary>
    public static string Problems => Machine.Value.Fake.Problems + _refused;

    /// <summary>Returns how many times a driver function was called.</summary>
    public static int Calls(string call) => Machine.Value.Fake.Calls(call);

    private static (FakeCuda Fake, CudaDeviceInfo Device) Make()
    {
        FakeLibrary.Require();
        var fake = new FakeCuda("HOST_KERNELS");
        fake.Set("memory", 4L << 30);
        fake.Provide(&Compile);
        return (fake, fake.Device());
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Compile(byte* source)
    {
        string text = Marshal.PtrToStringUTF8((nint)source)!;
        string name = Entry().Match(text).Groups["name"].Value;
        // Device instructions: what a warp and its matrix units do is in the header, under the same names.
        text = MatrixUnits().Replace(text, "")
            .Replace("extern __shared__ __align__(16) unsigned char SharedMemory[]", "char* SharedMemory = gcnn_launched_shared",
                StringComparison.Ordinal);
        text = text
            .Replace("asm(\"cvt.f32.f16 %0, %1;\" : \"=f\"(y) : \"h\"(x))", "y = gcnn_from_half(x)", StringComparison.Ordinal)
            .Replace("asm(\"cvt.rn.f16.f32 %0, %1;\" : \"=h\"(y) : \"f\"(x))", "y = gcnn_to_half(x)", StringComparison.Ordinal);
        bool hasBarriers = Waits().IsMatch(text);
        try
        {
            string path = FakeLibrary.OfText($"#include \"host_cuda.hpp\"\n{text}\nGCNN_HOST_KERNEL({name}, {(hasBarriers ? 1 : 0)})\n");
            return FakeLibrary.Function(path, "gcnn_host");
        }
        catch (Exception exception)
        {
            // An exception must not reach the driver.
            _refused += exception.Message;
            return 0;
        }
    }

    [GeneratedRegex(@"__launch_bounds__\([^)]*\) (?<name>\w+)\(")]
    private static partial Regex Entry();

    [GeneratedRegex(@"^(template <int Pending> )?static __device__ __forceinline__ [^\n(]* "
        + @"gcnn_(shared|multiply_\w+|to_tf32|pack_bf16|load_\w+|copy\d|commit_copies|wait_copies)\(.*?\n\}\n",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex MatrixUnits();

    [GeneratedRegex(@"__syncthreads\(\)|__shfl_\w+_sync\(|gcnn_(multiply|load)_\w+\(")]
    private static partial Regex Waits();
}
