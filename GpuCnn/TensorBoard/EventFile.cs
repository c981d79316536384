using System.Buffers.Binary;
using System.Globalization;
using GpuCnn.Protobuf;

namespace GpuCnn.TensorBoard;

/// <summary>
/// An event file of TensorBoard: TFRecords, each with its length, the checksum of the length, an Event and the checksum of the Event. The
/// fields are those of TensorFlow's event.proto and summary.proto. Another process may read it meanwhile; what a killed process wrote last
/// may be cut off, which readers ignore.
/// </summary>
internal sealed class EventFile : IDisposable
{
    public const string Prefix = "events.out.tfevents.";

    private const string Version = "brain.Event:2";

    // Fields of Event, Summary and SessionLog; SessionLog's START.
    private const int TimeField = 1, StepField = 2, VersionField = 3, SummaryField = 5, SessionField = 7, ValueField = 1, StatusField = 1,
        Start = 1;

    private readonly Stream _stream;

    /// <summary>Writes to a stream of its own, beginning with the version.</summary>
    public EventFile(Stream stream)
    {
        _stream = stream;
        try
        {
            Write(0, new ProtobufMessage().Add(VersionField, Version), hasStep: false);
            Flush();
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Creates a file in a folder, with a name that no other has.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static EventFile Create(string folder)
    {
        long seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        for (int number = 0; ; number++)
        {
            // TensorBoard reads a folder's files in the order of their names.
            string name = string.Create(
                CultureInfo.InvariantCulture, $"{Prefix}{seconds:D10}.{Environment.MachineName}.{Environment.ProcessId}.{number}");
            string path = System.IO.Path.Combine(folder, string.Join('_', name.Split(System.IO.Path.GetInvalidFileNameChars())));
            if (File.Exists(path)) continue;
            return new(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));
        }
    }

    /// <summary>Says that a run goes on: readers drop what earlier files have of <paramref name="step"/> and later.</summary>
    public void WriteStart(long step) =>
        Write(step, new ProtobufMessage().Add(SessionField, new ProtobufMessage().Add(StatusField, Start)));

    /// <summary>Writes values of a step, made by <see cref="Summary"/>.</summary>
    public void Write(long step, params IReadOnlyList<ProtobufMessage> values)
    {
        ProtobufMessage summary = new();
        foreach (ProtobufMessage value in values) summary.Add(ValueField, value);
        Write(step, new ProtobufMessage().Add(SummaryField, summary));
    }

    /// <summary>Hands what was written to the operating system.</summary>
    public void Flush() => _stream.Flush();

    public void Dispose() => _stream.Dispose();

    private void Write(long step, ProtobufMessage content, bool hasStep = true)
    {
        ProtobufMessage time = new ProtobufMessage().Add(TimeField, (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds);
        if (hasStep) time.Add(StepField, step);
        // Fields of a message may follow each other in parts.
        byte[] data = [.. time.ToBytes(), .. content.ToBytes()];
        Span<byte> header = stackalloc byte[sizeof(ulong) + sizeof(uint)], footer = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[sizeof(ulong)..], MaskedChecksum.Of(header[..sizeof(ulong)]));
        BinaryPrimitives.WriteUInt32LittleEndian(footer, MaskedChecksum.Of(data));
        _stream.Write(header);
        _stream.Write(data);
        _stream.Write(footer);
    }
}
