using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GpuCnn.Kernels.Language;

/// <summary>Notes which line of a kernel that runs as C# comes to one element; for a device that looks for who wrote it.</summary>
public static class AccessWatch
{
    /// <summary>The element that is watched, or 0.</summary>
    public static long Address { get; set; }

    /// <summary>The file and line that came to it last.</summary>
    public static string? Last { get; private set; }

    /// <summary>The kernel's own source in a stack trace, as ", File.cs:12", or nothing where it has none.</summary>
    public static string LineIn(StackTrace trace)
    {
        foreach (StackFrame frame in trace.GetFrames())
        {
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
