using System.Runtime.InteropServices;
using System.Text;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Compiles kernels with NVRTC. Thread-safe.</summary>
internal static unsafe class NvrtcCompiler
{
    /// <summary>Returns the target's machine code, or PTX that ends with a zero.</summary>
    /// <param name="device">For messages.</param>
    /// <exception cref="KernelBuildException">NVRTC refused the kernel.</exception>
    public static byte[] Compile(NvrtcTarget target, CudaSource source, string device)
    {
        NvrtcApi api = target.Api;
        nint program;
        fixed (byte* text = Terminated(source.Text))
        fixed (byte* name = Terminated($"{source.Name}.cu"))
            Check(api, api.CreateProgram(&program, text, name, 0, null, null), "nvrtcCreateProgram", source);
        try
        {
            int code = Run(api, program, source.AllOptions(target).Split(' ', StringSplitOptions.RemoveEmptyEntries));
            if (code != NvrtcApi.Success) throw Refusal(target, source, device, code, Log(api, program));
            return target.IsPtx
                ? Output(api, program, api.GetPtxSize, api.GetPtx, "nvrtcGetPTX", source)
                : Output(api, program, api.GetCubinSize, api.GetCubin, "nvrtcGetCUBIN", source);
        }
        finally
        {
            _ = api.DestroyProgram(&program);
        }
    }

    private static int Run(NvrtcApi api, nint program, string[] options)
    {
        byte** list = stackalloc byte*[options.Length];
        try
        {
            for (int i = 0; i < options.Length; i++) list[i] = (byte*)Marshal.StringToCoTaskMemUTF8(options[i]);
            return api.CompileProgram(program, options.Length, list);
        }
        finally
        {
            for (int i = 0; i < options.Length; i++) Marshal.FreeCoTaskMem((nint)list[i]);
        }
    }

    private static KernelBuildException Refusal(NvrtcTarget target, CudaSource source, string device, int code, string log)
    {
        string hint = log.Contains("nvrtc-builtins", StringComparison.Ordinal)
            ? " The library nvrtc-builtins must be in NVRTC's folder: reinstall NVRTC." : "";
        return new(
            $"{target.Api} refused kernel '{source.Name}' (groups of {CudaErrors.Product(source.Group)}, "
            + $"options '{source.AllOptions(target)}') for the CUDA device '{device}': " +
            $"{target.Api.Describe(code)}.{hint} The compiler said:{Environment.NewLine}{(log.Length == 0 ? "nothing" : log)}",
            source.Name, log)
        { Dialect = KernelDialect.Cuda };
    }

    private static string Log(NvrtcApi api, nint program)
    {
        nuint size;
        if (api.GetLogSize(program, &size) != NvrtcApi.Success || size == 0) return "";
        var log = new byte[size];
        fixed (byte* first = log)
            if (api.GetLog(program, first) != NvrtcApi.Success) return "";
        return Encoding.UTF8.GetString(log).TrimEnd('\0', '\r', '\n', ' ');
    }

    private static byte[] Output(
        NvrtcApi api, nint program, delegate* unmanaged<nint, nuint*, int> getSize, delegate* unmanaged<nint, byte*, int> get, string call,
        CudaSource source)
    {
        nuint size;
        Check(api, getSize(program, &size), call + "Size", source);
        var output = new byte[size];
        fixed (byte* first = output) Check(api, get(program, first), call, source);
        return output;
    }

    private static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private static void Check(NvrtcApi api, int code, string call, CudaSource source)
    {
        if (code != NvrtcApi.Success)
            throw new DeviceCallException(
                $"{call} of {api} failed for kernel '{source.Name}': {api.Describe(code)}. "
                + "End other programs if memory is short, or reinstall NVRTC.", call, code);
    }
}
