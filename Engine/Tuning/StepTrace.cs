using System.Text.Json;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Tuning;

/// <summary>
/// Writes step times as a trace that Chrome's <c>chrome://tracing</c> and Perfetto show: the steps one after another, within their layers,
/// within their passes (Trace Event Format, https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
/// </summary>
public static class StepTrace
{
    private const int Process = 1, Thread = 1;
    private const double Nano = 1e9, Giga = 1e9;

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="title">Name of the process in the viewer.</param>
    /// <exception cref="GpuCnnException">The file cannot be written.</exception>
    public static void Write(string path, StepTimes times, DevicePeaks peaks, string title) => AtomicFile.Write(path, stream =>
    {
        using var writer = new Utf8JsonWriter(stream);
        writer.WriteStartObject();
        writer.WriteString("displayTimeUnit", "ms");
        writer.WriteStartArray("traceEvents");
        WriteName(writer, "process_name", title);
        WriteName(writer, "thread_name", "steps");
        // Whole nanoseconds, so that the parts of an event end with it exactly.
        long at = 0;
        foreach (IReadOnlyList<LayerTime> pass in Passes(times))
        {
            WriteEvent(writer, Words(pass[0].Pass), "pass", at, pass.Sum(Nanoseconds), null);
            foreach (LayerTime layer in pass)
            {
                WriteEvent(writer, layer.Layer, Words(layer.Pass), at, Nanoseconds(layer), () => WriteArguments(writer, layer, peaks));
                foreach (StepTime step in layer.Steps)
                {
                    WriteEvent(writer, step.Name, "step", at, Nanoseconds(step), () => writer.WriteNumber("bytes", step.Bytes));
                    at += Nanoseconds(step);
                }
            }
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>
    /// Writes the timelines of ranks: a process each, with its steps on one thread and its exchanges on others, as many as overlap.
    /// </summary>
    /// <exception cref="GpuCnnException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<RankTimeline> ranks, string title) => AtomicFile.Write(path, stream =>
    {
        using var writer = new Utf8JsonWriter(stream);
        writer.WriteStartObject();
        writer.WriteString("displayTimeUnit", "ms");
        writer.WriteStartArray("traceEvents");
        foreach (RankTimeline timeline in ranks)
        {
            int process = Process + timeline.Rank;
            WriteName(writer, "process_name", $"{title}, rank {timeline.Rank}", process);
            WriteName(writer, "thread_name", "steps", process);
            foreach (TimelineSpan step in timeline.Steps) WriteSpan(writer, step, "step", process, Thread);
            var ends = new List<double>();
            foreach (TimelineSpan exchange in timeline.Exchanges)
            {
                // Spans of a thread may not overlap.
                int lane = ends.FindIndex(end => end <= exchange.Began);
                if (lane < 0)
                {
                    lane = ends.Count;
                    ends.Add(0);
                    WriteName(writer, "thread_name", $"exchange {lane + 1}", process, Thread + 1 + lane);
                }
                ends[lane] = exchange.Ended;
                WriteSpan(writer, exchange, "exchange", process, Thread + 1 + lane);
            }
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>"backward weights"</summary>
    public static string Words(StepPass pass) => pass switch
    {
        StepPass.BackwardData => "backward data",
        StepPass.BackwardWeights => "backward weights",
        _ => pass.ToString().ToLowerInvariant(),
    };

    private static long Nanoseconds(LayerTime layer) => layer.Steps.Sum(Nanoseconds);

    private static long Nanoseconds(StepTime step) => Math.Max(1, (long)Math.Round(step.Seconds * Nano));

    /// <summary>Layers in a row with the same pass.</summary>
    private static IEnumerable<IReadOnlyList<LayerTime>> Passes(StepTimes times)
    {
        List<LayerTime> open = [];
        foreach (LayerTime layer in times.Layers)
        {
            if (open.Count > 0 && open[0].Pass != layer.Pass)
            {
                yield return open;
                open = [];
            }
            open.Add(layer);
        }
        if (open.Count > 0) yield return open;
    }

    private static void WriteSpan(Utf8JsonWriter writer, TimelineSpan span, string category, int process, int thread) => WriteEvent(
        writer, span.Name, category, (long)Math.Round(span.Began * Nano), Math.Max(1, (long)Math.Round(span.Seconds * Nano)),
        span.Bytes == 0 ? null : () => writer.WriteNumber("bytes", span.Bytes), process, thread);

    private static void WriteName(Utf8JsonWriter writer, string what, string name, int process = Process, int thread = Thread)
    {
        writer.WriteStartObject();
        writer.WriteString("name", what);
        writer.WriteString("ph", "M");
        writer.WriteNumber("pid", process);
        writer.WriteNumber("tid", thread);
        writer.WriteStartObject("args");
        writer.WriteString("name", name);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Writes a complete event; its times in the file are in microseconds.</summary>
    private static void WriteEvent(
        Utf8JsonWriter writer, string name, string category, long start, long nanoseconds, Action? arguments, int process = Process,
        int thread = Thread)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteString("cat", category);
        writer.WriteString("ph", "X");
        writer.WriteNumber("ts", start / 1000m);
        writer.WriteNumber("dur", nanoseconds / 1000m);
        writer.WriteNumber("pid", process);
        writer.WriteNumber("tid", thread);
        if (arguments is not null)
        {
            writer.WriteStartObject("args");
            arguments();
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void WriteArguments(Utf8JsonWriter writer, LayerTime layer, DevicePeaks peaks)
    {
        if (layer.Type.Length > 0) writer.WriteString("type", layer.Type);
        if (layer.Operations > 0) writer.WriteNumber("GFLOP/s", layer.OperationsPerSecond / Giga);
        writer.WriteNumber("GB/s", layer.BytesPerSecond / Giga);
        writer.WriteString("bound", peaks.BoundOf(layer).ToString().ToLowerInvariant());
        writer.WriteNumber("share of the peak", peaks.ShareOf(layer));
    }
}
