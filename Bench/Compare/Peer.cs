using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuCnn.Bench.Workloads;
using GpuCnn.Engine;

namespace GpuCnn.Bench.Compare;

/// <summary>PyTorch in a process of its own, which waits for its standard input while our side runs.</summary>
internal sealed class Peer : IDisposable
{
    private const string PythonVariable = "GPUCNN_PYTHON";

    private readonly Process _process;

    /// <exception cref="GpuCnnException">There is no Python, or it has no PyTorch.</exception>
    public Peer(int threads)
    {
        string python = Environment.GetEnvironmentVariable(PythonVariable) is { Length: > 0 } chosen ? chosen : "/usr/bin/python3";
        var start = new ProcessStartInfo(python, ["-B", Path.Combine(AppContext.BaseDirectory, "peers", "peer.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // torch.set_num_threads does not reach every BLAS.
        foreach (string variable in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" }) start.Environment[variable] = $"{threads}";
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new GpuCnnException($"compare needs Python with PyTorch, but {python} cannot be started ({exception.Message}); set {PythonVariable}.", exception);
        }
        try
        {
            JsonNode about = Ask(new() { ["threads"] = threads });
            Description = $"PyTorch {about["version"]} (Python {about["python"]}, oneDNN {about["onednn"]?.ToString() ?? "none"}, BLAS {about["blas"]}), threads: {about["threads"]}";
        }
        catch (GpuCnnException exception)
        {
            Dispose();
            throw new GpuCnnException($"compare needs PyTorch in {python}: {exception.Message}; install torch there or set {PythonVariable}.", exception);
        }
    }

    public string Description { get; }

    /// <summary>Readies and warms an operation; returns its result at some positions, and the seconds of a run.</summary>
    public (double[] Samples, double Seconds) Prepare(Workload workload, IEnumerable<long> positions)
    {
        JsonObject request = workload.Request();
        request["positions"] = new JsonArray([.. positions.Select(position => (JsonNode)position)]);
        JsonNode answer = Ask(request);
        return (Numbers(answer["samples"]!), (double)answer["seconds"]!);
    }

    /// <summary>Seconds of each run of the operation that is ready.</summary>
    public double[] Run(int repetitions) => Numbers(Ask(new() { ["repetitions"] = repetitions })["seconds"]!);

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5))) _process.Kill();
        _process.Dispose();
    }

    private JsonNode Ask(JsonObject request)
    {
        string? line;
        try
        {
            _process.StandardInput.WriteLine(request.ToJsonString());
            _process.StandardInput.Flush();
            line = _process.StandardOutput.ReadLine();
        }
        catch (IOException)
        {
            line = _process.StandardOutput.ReadLine();
        }
        JsonNode answer = line == null ? throw new GpuCnnException("the Python process ended") : JsonNode.Parse(line)!;
        return answer["error"] is { } error ? throw new GpuCnnException(error.ToString()) : answer;
    }

    private static double[] Numbers(JsonNode array) => array.Deserialize<double[]>()!;
}
