using System.Globalization;

namespace GpuCnn.Engine.Tensors;

/// <summary>
/// Memory of the machine that arrays and the cpu device share. Linux grants more than it has, so sizes are checked before.
/// </summary>
public static class HostMemory
{
    private const string Facts = "/proc/meminfo", Available = "MemAvailable:";

    /// <summary>Bytes that can be taken now without swapping: the system's free memory, within the limit of this process.</summary>
    public static long FreeBytes
    {
        get
        {
            long limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
            return SystemFreeBytes() is { } free ? Math.Min(free, limit) : limit;
        }
    }

    /// <summary>Checks that an array can be allocated: that .NET allows it and that the memory is free.</summary>
    /// <param name="elements">Number of elements.</param>
    /// <param name="elementBytes">Bytes of one.</param>
    /// <param name="what">Purpose of the array, for the message: "A batch of 8 images of 3x32x32".</param>
    /// <exception cref="HostMemoryException">It cannot.</exception>
    public static void Check(long elements, int elementBytes, string what)
    {
        if (elements > Array.MaxLength)
            throw new HostMemoryException($"{what} has {Number(elements)} values, but at most {Number(Array.MaxLength)} can lie together.");
        long bytes = elements * elementBytes;
        // Asking the system costs more than a small array.
        if (bytes < 1 << 24) return;
        long free = FreeBytes;
        if (bytes > free) throw new HostMemoryException($"{what} needs {MiB(bytes)} of memory, but {MiB(free)} are free.");
    }

    private static long? SystemFreeBytes()
    {
        try
        {
            if (OperatingSystem.IsLinux()
                && File.ReadLines(Facts).FirstOrDefault(line => line.StartsWith(Available, StringComparison.Ordinal)) is { } line
                && long.TryParse(line.AsSpan(Available.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture, out long free))
                return free << 10;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without /proc the limit alone decides.
        }
        return null;
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string MiB(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:N0} MiB");
}

/// <summary>The machine does not have enough memory for an array.</summary>
public sealed class HostMemoryException(string message) : GpuCnnException(message);
