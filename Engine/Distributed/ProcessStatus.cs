using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Tells whether a process of this host lives, by its file in <c>/proc</c>. The file stays that of the process when its number is given to
/// another. A process that has ended and waits for its parent (a zombie) does not live.
/// </summary>
internal sealed unsafe partial class ProcessStatus : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly byte[] _text = new byte[1024];

    /// <summary>A descriptor that says when the process ends, or -1: Linux has them since 5.3, and containers may forbid them.</summary>
    private int _end = -1;

    private ProcessStatus(SafeFileHandle file) => _file = file;

    /// <summary>Opens the status of a process, or returns null where there is none of that number that was started then.</summary>
    public static ProcessStatus? Open(int process, string started)
    {
        try
        {
            SafeFileHandle file = File.OpenHandle($"/proc/{process}/stat", share: FileShare.ReadWrite);
            var status = new ProcessStatus(file);
            if (status.Field(22) == started)
            {
                const nint OpenProcess = 434;
                status._end = (int)SystemCall(OpenProcess, process, 0);
                return status;
            }
            status.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no such process.
        }
        return null;
    }

    /// <summary>Returns when a process was started, or null where the system does not tell.</summary>
    public static string? Started(int process) => Read(process, 22);

    /// <summary>Returns the process that started another, or null where the system does not tell.</summary>
    public static int? Parent(int process) =>
        int.TryParse(Read(process, 4), NumberStyles.None, CultureInfo.InvariantCulture, out int parent) ? parent : null;

    private static string? Read(int process, int field)
    {
        try
        {
            using var status = new ProcessStatus(File.OpenHandle($"/proc/{process}/stat", share: FileShare.ReadWrite));
            return status.Field(field);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public bool IsAlive
    {
        get
        {
            try
            {
                ReadOnlySpan<byte> text = _text.AsSpan(0, RandomAccess.Read(_file, _text, 0));
                int name = text.LastIndexOf((byte)')');
                return name >= 0 && name + 2 < text.Length && text[name + 2] is not ((byte)'Z' or (byte)'X');
            }
            catch (IOException)
            {
                // The system's answer for a process that has ended.
                return false;
            }
        }
    }

    /// <summary>Waits until one of the processes ends, or until the time is over.</summary>
    public static void WaitForEnd(ReadOnlySpan<ProcessStatus> processes, int milliseconds)
    {
        Span<Waited> waited = stackalloc Waited[processes.Length];
        int count = 0;
        foreach (ProcessStatus process in processes)
            if (process._end >= 0) waited[count++] = new() { Descriptor = process._end, Events = 1 };
        fixed (Waited* address = waited)
            if (count == 0 || Poll(address, (nuint)count, milliseconds) < 0) Thread.Sleep(milliseconds);
    }

    public void Dispose()
    {
        _file.Dispose();
        if (_end >= 0) _ = Close(_end);
        _end = -1;
    }

    /// <summary><c>struct pollfd</c>. The system answers in the upper half of the events.</summary>
    private struct Waited
    {
        public int Descriptor, Events;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(Waited* waited, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    /// <summary>Returns a field by its number in proc(5); 3 is the first after the name, which may hold anything.</summary>
    private string? Field(int number)
    {
        string text = System.Text.Encoding.ASCII.GetString(_text, 0, RandomAccess.Read(_file, _text, 0));
        string[] fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.ElementAtOrDefault(number - 3);
    }
}
