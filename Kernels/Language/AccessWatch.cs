using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GpuCnn.Kernels.Language;

/// <summary>
/// Records which source line of a kernel running as C# last accessed one watched element. A device uses it to find the writer.
/// </summary>
public static class AccessWatch
{
    /// <summary>Address of the watched element, or 0.</summary>
    public static long Address { get; set; }

    /// <summary>File and line of the last access, as ", File.cs:12".</summary>
    public static string? Last { get; private set; }

    /// <summary>Finds the kernel's own source line in a stack trace, as ", File.cs:12", or returns "" if no frame has one.</summary>
    /// <param name="launcher">The class that called the kernel; what called it is not searched.</param>
    public static string LineIn(StackTrace trace, Type? launcher = null)
    {
        foreach (StackFrame frame in trace.GetFrames())
        {
            if (launcher is not null && frame.GetMethod()?.DeclaringType == launcher) break;
            if (frame.GetMethod()?.DeclaringType?.Namespace == typeof(AccessWatch).Namespace || frame.GetFileLineNumber() == 0) continue;
            return $", {Path.GetFileName(frame.GetFileName())}:{frame.GetFileLineNumber()}";
        }
        return "";
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Visit(long address, int bytes)
    {
        if (Address != 0) Compare(address, bytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Compare(long address, int bytes)
    {
        if (Address >= address && Address < address + bytes) Last = LineIn(new StackTrace(fNeedFileInfo: true));
    }
}
