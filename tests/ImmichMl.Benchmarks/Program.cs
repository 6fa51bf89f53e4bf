Console.WriteLine("Benchmarks come with their rooms.");
