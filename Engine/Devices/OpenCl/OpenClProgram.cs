using System.Text;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>One kernel to compile. Drivers recompile for each group size, so it is a part of the program's identity.</summary>
/// <param name="Name">The kernel's name in the text.</param>
/// <param name="Text">OpenCL C 1.2.</param>
/// <param name="Group">Threads of a group.</param>
/// <param name="Options">Extra options for the driver's compiler.</param>
internal sealed record OpenClSource(string Name, string Text, OpenClSize Group, string Options = "")
{
    /// <summary>
    /// Fixes version 1.2, which has no generic address space: a newer default would accept code that other drivers refuse.
    /// </summary>
    public string AllOptions => Options.Length == 0 ? "-cl-std=CL1.2" : $"-cl-std=CL1.2 {Options}";
}

/// <summary>A compiled kernel; <see cref="OpenClPrograms"/> owns it.</summary>
internal sealed unsafe class OpenClProgram
{
    private const uint BinarySizes = 0x1165;
    private const uint Binaries = 0x1166;
    private const uint Log = 0x1183;

    private readonly OpenClContext _context;
    private nint _handle;
    private int _launched;

    private OpenClProgram(OpenClContext context, OpenClSource source, nint handle, bool fromBinary)
    {
        _context = context;
        Source = source;
        _handle = handle;
        IsFromBinary = fromBinary;
    }

    public OpenClSource Source { get; }

    /// <summary>Whether it came from the cache on disk.</summary>
    public bool IsFromBinary { get; }

    internal nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle == 0, this);
            return _handle;
        }
    }

    private OpenClApi Api => _context.Api;

    /// <summary>Creates a kernel with its own arguments, owned by the caller.</summary>
    public OpenClKernel CreateKernel() => new(_context, this);

    /// <exception cref="KernelBuildException">The compiler refused the kernel.</exception>
    internal static OpenClProgram Build(OpenClContext context, OpenClSource source)
    {
        byte[] text = Encoding.UTF8.GetBytes(source.Text);
        nint handle;
        int code;
        nuint length = (nuint)text.Length;
        fixed (byte* first = text)
        {
            byte* start = first;
            handle = context.Api.CreateProgramWithSource(context.Handle, 1, &start, &length, &code);
        }
        context.Check(code, "clCreateProgramWithSource");
        code = Compile(context, source, handle);
        if (code == OpenClApi.Success) return new OpenClProgram(context, source, handle, fromBinary: false);

        string log = BuildLog(context, handle);
        _ = context.Api.ReleaseProgram(handle);
        // Only these codes mean a wrong text or option; others are failures of the device.
        if (code is not (-11 or -43 or -17 or -15))
            throw context.Failure(code, "clBuildProgram", source.Name, $"groups of {source.Group}");
        throw new KernelBuildException(
            $"The OpenCL compiler of '{context.Device.Name}' ({context.Device.DriverVersion}) refused kernel '{source.Name}' "
            + $"(groups of {source.Group}, options '{source.AllOptions}'): " +
            $"{OpenClCodes.Describe(code)}. The compiler said:{Environment.NewLine}{(log.Length == 0 ? "nothing" : log)}",
            source.Name, log)
        { Dialect = KernelDialect.OpenCl };
    }

    /// <summary>Returns the program of a binary from the same driver, or null if the driver refuses it.</summary>
    internal static OpenClProgram? FromBinary(OpenClContext context, OpenClSource source, byte[] binary)
    {
        nint handle, device = context.Device.Handle;
        int code, status;
        nuint length = (nuint)binary.Length;
        fixed (byte* first = binary)
        {
            byte* start = first;
            handle = context.Api.CreateProgramWithBinary(context.Handle, 1, &device, &length, &start, &status, &code);
        }
        if (code != OpenClApi.Success) return null;
        if (status == OpenClApi.Success && Compile(context, source, handle) == OpenClApi.Success)
            return new OpenClProgram(context, source, handle, fromBinary: true);
        _ = context.Api.ReleaseProgram(handle);
        return null;
    }

    /// <summary>
    /// Returns the input of <see cref="FromBinary"/>. It holds machine code only after a launch: before, some drivers return an
    /// intermediate form.
    /// </summary>
    internal byte[]? Binary()
    {
        nuint size;
        if (Api.GetProgramInfo(Handle, BinarySizes, (nuint)sizeof(nuint), &size, null) != OpenClApi.Success || size == 0) return null;
        var binary = new byte[size];
        fixed (byte* first = binary)
        {
            byte* start = first;
            return Api.GetProgramInfo(Handle, Binaries, (nuint)sizeof(byte*), &start, null) == OpenClApi.Success ? binary : null;
        }
    }

    /// <summary>Returns true on the first call.</summary>
    internal bool IsFirstLaunch() => _launched == 0 && Interlocked.Exchange(ref _launched, 1) == 0;

    internal void Release()
    {
        if (_handle != 0) _ = Api.ReleaseProgram(_handle);
        _handle = 0;
    }

    private static int Compile(OpenClContext context, OpenClSource source, nint handle)
    {
        nint device = context.Device.Handle;
        fixed (byte* options = Encoding.UTF8.GetBytes(source.AllOptions + '\0'))
            return context.Api.BuildProgram(handle, 1, &device, options, null, null);
    }

    private static string BuildLog(OpenClContext context, nint handle)
    {
        nuint size;
        nint device = context.Device.Handle;
        if (context.Api.GetProgramBuildInfo(handle, device, Log, 0, null, &size) != OpenClApi.Success) return "";
        var log = new byte[size];
        fixed (byte* first = log)
            if (context.Api.GetProgramBuildInfo(handle, device, Log, size, first, null) != OpenClApi.Success) return "";
        return Encoding.UTF8.GetString(log).TrimEnd('\0', '\r', '\n', ' ');
    }
}
